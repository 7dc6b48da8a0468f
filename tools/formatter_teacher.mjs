// Formats files with prettier: reads [[from, to], …] from standard input. What prettier cannot parse is left out.
//
// prettier keeps an object on several lines if its author had broken it behind the brace. Who sees no white space cannot know
// that; "collapse" is what prettier's defaults do with sources that have no such break.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const prettier = createRequire(path.join(process.cwd(), "index.js"))("prettier");
for (const [from, to] of JSON.parse(fs.readFileSync(0, "utf8"))) {
  try {
    const filepath = from.replace(/package\.json$/, "data.json"); // which alone is laid out as npm does it
    const text = await prettier.format(fs.readFileSync(from, "utf8"), { filepath, objectWrap: "collapse" });
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.writeFileSync(to, text);
  } catch (error) {
    console.error(`${from}: ${String(error).split("\n")[0]}`);
  }
}
