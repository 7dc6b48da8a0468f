// TensorFlow.js's WebAssembly: exact on every machine, and quick at networks of many small steps.

import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threaded from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";

/** Computes with it from now on; returns what goes back to what was before. */
export async function useWasm(): Promise<() => void> {
  const [tf, { setWasmPaths }] = await Promise.all([import("@tensorflow/tfjs"), import("@tensorflow/tfjs-backend-wasm")]);
  // Before anything asks for a backend, since it is one that could be chosen as soon as it is there.
  setWasmPaths({ "tfjs-backend-wasm.wasm": plain, "tfjs-backend-wasm-simd.wasm": simd, "tfjs-backend-wasm-threaded-simd.wasm": threaded });
  await tf.ready();
  const before = tf.getBackend();
  await tf.setBackend("wasm");
  return () => void tf.setBackend(before);
}
