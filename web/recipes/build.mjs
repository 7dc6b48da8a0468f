// Builds the package: grammars, modules and types go into dist. `node recipes/build.mjs --grammars` fetches the grammars alone.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

if (!process.argv.includes("--grammars")) {
  await build({
    entryPoints: { recipes: join(folder, "src/index.ts") },
    outdir: dist,
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    external: ["@tensorflow/tfjs", "node:*", "fs/promises", "module"],
    logLevel: "warning",
  });
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", join(folder, "tsconfig.json")], { stdio: "inherit" });
}
