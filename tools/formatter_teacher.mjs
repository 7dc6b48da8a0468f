// Formats files with prettier: reads [[from, to, varied], …] from standard input. What prettier cannot parse is left out.
//
// prettier keeps an object on several lines if its author had broken it behind the brace. Who sees no white space cannot know
// that; "collapse" is what prettier's defaults do with sources that have no such break.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

// Where `varied`, other options of prettier that change signs and no white space let the network see code without semicolons.
const VARIED = { semi: false, arrowParens: "avoid", trailingComma: "none", singleQuote: true };
const prettier = createRequire(path.join(process.cwd(), "index.js"))("prettier");
for (const [from, to, varied] of JSON.parse(fs.readFileSync(0, "utf8"))) {
  try {
    const filepath = from.replace(/package\.json$/, "data.json"); // which alone is laid out as npm does it
    const text = await prettier.format(fs.readFileSync(from, "utf8"), { filepath, objectWrap: "collapse", ...(varied ? VARIED : {}) });
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.writeFileSync(to, text);
  } catch (error) {
    console.error(`${from}: ${String(error).split("\n")[0]}`);
  }
}
