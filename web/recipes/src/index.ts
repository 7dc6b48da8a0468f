// velveteen's recipes in the browser: load what was trained in Python, and use it.

export { Commands, Ear, type Heard } from "./commands";
export { Digits, type Reading } from "./digits";
export { Formatter, guessLanguage, type Formatted } from "./formatter";
export { type Edit } from "./formatter/writing";
export { Layout, type Finding, type Found, type Look } from "./layout";
export { KINDS } from "./layout/kinds";
export { type Origin } from "./model";
export { Pictures, type Pixels, type Source, type Told } from "./pictures";
export { Writer, type Choice } from "./writer";
