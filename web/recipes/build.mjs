// Builds the package: grammars, modules and types go into dist.

import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = dirname(fileURLToPath(import.meta.url));
const modules = join(folder, "..", "node_modules");
const dist = join(folder, "dist");

/** Grammars by the packages that bring them. */
const GRAMMARS = {
  "web-tree-sitter": ["web-tree-sitter"],
  "tree-sitter-css": ["tree-sitter-css"],
  "tree-sitter-go": ["tree-sitter-go"],
  "tree-sitter-javascript": ["tree-sitter-javascript"],
  "tree-sitter-json": ["tree-sitter-json"],
  "tree-sitter-python": ["tree-sitter-python"],
  "tree-sitter-typescript": ["tree-sitter-typescript", "tree-sitter-tsx"],
};

rmSync(dist, { recursive: true, force: true });
mkdirSync(join(dist, "grammars"), { recursive: true });
const licenses = [];
for (const [name, files] of Object.entries(GRAMMARS)) {
  for (const file of files) copyFileSync(join(modules, name, `${file}.wasm`), join(dist, "grammars", `${file}.wasm`));
  const { version } = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
  licenses.push(`${name} ${version}\n\n${readFileSync(join(modules, name, "LICENSE"), "utf8").trim()}\n`);
}
writeFileSync(join(dist, "grammars", "LICENSES"), licenses.join("\n---\n\n"));

// The models that ship: those of the formatter are folders of a language each, the layout's is one folder.
const recipes = join(folder, "../../velveteen/recipes");
for (const recipe of ["formatter", "layout"]) {
  const pretrained = join(recipes, recipe, "pretrained");
  if (existsSync(pretrained)) cpSync(pretrained, join(dist, "models", recipe), { recursive: true });
}

/** Programs that run in other pages are taken as texts, as Vite takes them. */
const raw = {
  name: "raw",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?raw$/ }, ({ path, resolveDir }) => ({ path: join(resolveDir, path.slice(0, -"?raw".length)), namespace: "raw" }));
    onLoad({ filter: /.*/, namespace: "raw" }, ({ path }) => ({ contents: readFileSync(path, "utf8"), loader: "text" }));
  },
};
await build({
  entryPoints: { recipes: join(folder, "src/index.ts"), playwright: join(folder, "src/playwright.ts") },
  outdir: dist,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  target: "es2022",
  external: ["@tensorflow/*", "pngjs", "node:*", "fs/promises", "module"],
  plugins: [raw],
  logLevel: "warning",
});
// What lies beside the sources in ../dist lies beside the modules.
for (const file of readdirSync(dist).filter((name) => name.endsWith(".js"))) {
  writeFileSync(join(dist, file), readFileSync(join(dist, file), "utf8").replaceAll(/(new URL\([`"])\.\.\/dist\//g, "$1./"));
}
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "-p", join(folder, "tsconfig.json")], { stdio: "inherit" });
// Node's way to find modules wants whole names.
for (const file of readdirSync(join(dist, "types"), { recursive: true })) {
  if (!file.endsWith(".d.ts")) continue;
  const path = join(dist, "types", file);
  writeFileSync(path, readFileSync(path, "utf8").replaceAll(/from "(\.[^"]*)"/g, 'from "$1.js"'));
}
