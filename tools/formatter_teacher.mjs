// Formats files with prettier: reads [[from, to, options], …] from standard input. What prettier cannot parse is left out.
//
// prettier keeps an object on several lines if its author had broken it behind the brace. Who sees no white space cannot know
// that; "collapse" is what prettier's defaults do with sources that have no such break. For the same reason its comments
// "prettier-ignore" are made into others: what it ignores is laid out as nobody can know.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const WORDS = ["container", "is-active", "with-header", "navigation", "item", "placeholder", "highlighted", "inner"];

/** Returns a style sheet as another author might have written it: some classes and custom properties have longer names, by up
 *  to three words, families of fonts stand without quotes, and blank lines are elsewhere. */
function varied(source) {
  let count = 0;
  return source
    .replace(/(\.|--)[a-zA-Z][\w-]*/g, (name) => {
      const number = hash(name);
      const more = Array.from({ length: number % 4 }, (_, place) => WORDS[(number >>> (3 * place + 2)) % WORDS.length]);
      return [name, ...more].join("-");
    })
    .replace(/font-family:[^;{}]*/g, (list) => (hash(list) % 2 ? list.replace(/["']([\w ]+)["']/g, "$1") : list))
    .replace(/([;}])[ \t]*\n\s*(?=\S)/g, (_, sign) => sign + (hash(`${count++}`) % 2 ? "\n\n" : "\n"));
}

/** Returns a whole number that looks like chance, always the same for a text. */
function hash(text) {
  return createHash("md5").update(text).digest().readUInt32LE(0);
}

const prettier = createRequire(path.join(process.cwd(), "index.js"))("prettier");
for (const [from, to, { lastSemicolon = true, otherAuthor = false, ...options }] of JSON.parse(fs.readFileSync(0, "utf8"))) {
  try {
    const filepath = from.replace(/package\.json$/, "data.json"); // which alone is laid out as npm does it
    const given = fs.readFileSync(from, "utf8").replace(/prettier-ignore/g, "prettier_ignore");
    const source = otherAuthor ? varied(given) : given;
    let text = await prettier.format(source, { filepath, objectWrap: "collapse", ...options });
    if (!lastSemicolon) text = text.replace(/;(\s*\})/g, "$1");
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.writeFileSync(`${to}.part`, text);
    fs.renameSync(`${to}.part`, to);
  } catch (error) {
    console.error(`${from}: ${String(error).split("\n")[0]}`);
  }
}
