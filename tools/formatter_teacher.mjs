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
const VALUES = [null, true, false, 0, -1.5, 1234567890, {}, []];

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

/** Returns a small value from a JSON file: an object or array of up to 200 characters, chosen as if by chance; or the whole.
 *  Packages are described by texts and little else, so a third of what is in it is replaced by values of the other kinds. */
function piece(source, which) {
  const found = [];
  JSON.parse(source, (_, value) => {
    const text = JSON.stringify(value);
    if (typeof value === "object" && text.length <= 200) found.push(text);
    return value;
  });
  if (!found.length) return source;
  let count = 0;
  const other = (_, value) => {
    const number = hash(source + which + count++);
    return value instanceof Object || number % 3 ? value : VALUES[(number >>> 2) % VALUES.length];
  };
  return JSON.stringify(JSON.parse(found[hash(source + which) % found.length], other));
}

/** Returns a whole number that looks like chance, always the same for a text. */
function hash(text) {
  return createHash("md5").update(text).digest().readUInt32LE(0);
}

const prettier = createRequire(path.join(process.cwd(), "index.js"))("prettier");
for (const [from, to, { lastSemicolon = true, otherAuthor = false, small, ...options }] of JSON.parse(fs.readFileSync(0, "utf8"))) {
  try {
    const filepath = from.replace(/package\.json$/, "data.json"); // which alone is laid out as npm does it
    const given = fs.readFileSync(from, "utf8").replace(/prettier-ignore/g, "prettier_ignore");
    const source = otherAuthor ? varied(given) : small ? piece(given, small) : given;
    let text = await prettier.format(source, { filepath, objectWrap: "collapse", ...options });
    if (!lastSemicolon) text = text.replace(/;(\s*\})/g, "$1");
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.writeFileSync(`${to}.part`, text);
    fs.renameSync(`${to}.part`, to);
  } catch (error) {
    console.error(`${from}: ${String(error).split("\n")[0]}`);
  }
}
