// velveteen's recipes in the browser: load what was trained in Python, and use it.

export { Digits, type Reading } from "./digits";
export { Writer, type Choice } from "./writer";
