// Models in Node.js: from a folder, on TensorFlow.js's WebAssembly.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";

/** Returns where a model is, for `load`: a folder that `velveteen RECIPE train` wrote. */
export function fromFolder(folder: string): tf.io.IOHandler {
  return {
    async load() {
      const { modelTopology, weightsManifest, userDefinedMetadata } = JSON.parse(await readFile(join(folder, "model.json"), "utf8")) as tf.io.ModelJSON;
      const shards = await Promise.all(weightsManifest.flatMap((group) => group.paths).map((path) => readFile(join(folder, path))));
      const weightData = new Uint8Array(Buffer.concat(shards)).buffer;
      return { modelTopology: modelTopology as object, weightSpecs: weightsManifest.flatMap((group) => group.weights), weightData, userDefinedMetadata };
    },
  };
}

/** Chooses TensorFlow.js's WebAssembly, once; plain JavaScript would take minutes for a picture. */
export async function useWasm(): Promise<void> {
  if (tf.getBackend() === "wasm") return;
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm").catch(() => {
    throw new Error("The network needs @tensorflow/tfjs-backend-wasm in Node.js. Run: npm install --save-dev @tensorflow/tfjs-backend-wasm");
  });
  setWasmPaths(`${dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  await tf.setBackend("wasm");
}
