// What the recipes share: a model with what it knows beside its weights.

import * as tf from "@tensorflow/tfjs";

/** Where a model is: the address of its folder or of its model.json, or what TensorFlow.js loads from elsewhere. */
export type Origin = string | tf.io.IOHandler;

/** A model and its userDefinedMetadata. */
export interface Saved {
  model: tf.LayersModel;
  metadata: Record<string, unknown>;
}

/** Loads a folder that `velveteen RECIPE train` wrote. Throws when it is another recipe's. */
export async function load(origin: Origin, recipe: string): Promise<Saved> {
  await tf.ready();
  const address = typeof origin !== "string" || origin.endsWith(".json") ? origin : `${origin.replace(/\/$/, "")}/model.json`;
  const model = await tf.loadLayersModel(address);
  const metadata = (model.getUserDefinedMetadata() ?? {}) as Record<string, unknown>;
  if (metadata.recipe !== recipe) {
    model.dispose();
    const place = typeof address === "string" ? ` at ${address}` : "";
    throw new Error(`The model${place} is not one of "${recipe}"${metadata.recipe ? `, but of "${String(metadata.recipe)}"` : ""}.`);
  }
  return { model, metadata };
}
