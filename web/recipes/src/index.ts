// velveteen's recipes in the browser: load what was trained in Python, and use it.

export { Commands, Ear, type Heard } from "./commands";
export { Digits, type Reading } from "./digits";
export { Writer, type Choice } from "./writer";
