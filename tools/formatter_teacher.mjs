// Formats files with prettier: reads [[from, to, options], …] from standard input. What prettier cannot parse is left out.
//
// prettier keeps an object on several lines if its author had broken it behind the brace. Who sees no white space cannot know
// that; "collapse" is what prettier's defaults do with sources that have no such break. For the same reason its comments
// "prettier-ignore" are made into others: what it ignores is laid out as nobody can know.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const prettier = createRequire(path.join(process.cwd(), "index.js"))("prettier");
for (const [from, to, { lastSemicolon = true, ...options }] of JSON.parse(fs.readFileSync(0, "utf8"))) {
  try {
    const filepath = from.replace(/package\.json$/, "data.json"); // which alone is laid out as npm does it
    const source = fs.readFileSync(from, "utf8").replace(/prettier-ignore/g, "prettier_ignore");
    let text = await prettier.format(source, { filepath, objectWrap: "collapse", ...options });
    if (!lastSemicolon) text = text.replace(/;(\s*\})/g, "$1");
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.writeFileSync(`${to}.part`, text);
    fs.renameSync(`${to}.part`, to);
  } catch (error) {
    console.error(`${from}: ${String(error).split("\n")[0]}`);
  }
}
