// The grammars, which are files of WebAssembly: the build puts them beside the package's own.

import { Language as Grammar, Parser } from "web-tree-sitter";

let started: Promise<void> | null = null;
const loaded = new Map<string, Promise<Parser>>();

/** Where a file of WebAssembly is. Bundlers know this form: they take the files along, and put their addresses here. */
const place = (file: string): URL => new URL(`../dist/grammars/${file}.wasm`, import.meta.url);

/** Returns the parser of a grammar, such as "tree-sitter-css"; each is loaded once. */
export function parser(grammar: string): Promise<Parser> {
  started ??= content("web-tree-sitter").then((wasmBinary) => Parser.init({ wasmBinary }));
  let found = loaded.get(grammar);
  if (!found) {
    found = started.then(async () => new Parser().setLanguage(await Grammar.load(await content(grammar))));
    found.catch(() => loaded.delete(grammar));
    loaded.set(grammar, found);
  }
  return found;
}

async function content(file: string): Promise<Uint8Array> {
  const address = place(file);
  if (address.protocol === "file:") {
    const files = "node:fs/promises"; // Node's fetch takes no files; bundlers for pages need not find this module
    const { readFile } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ files)) as typeof import("node:fs/promises");
    return readFile(address);
  }
  const response = await fetch(address);
  if (!response.ok) throw new Error(`The grammar at ${address.href} cannot be loaded: ${response.status} ${response.statusText}.`);
  return new Uint8Array(await response.arrayBuffer());
}
