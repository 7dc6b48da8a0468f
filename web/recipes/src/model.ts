// What the recipes share: a model with what it knows beside its weights.

import * as tf from "@tensorflow/tfjs";

/** A model and its userDefinedMetadata. */
export interface Saved {
  model: tf.LayersModel;
  metadata: Record<string, unknown>;
}

/** Loads a folder that `velveteen RECIPE train` wrote. Throws when it is another recipe's. */
export async function load(url: string, recipe: string): Promise<Saved> {
  await tf.ready();
  const address = url.endsWith(".json") ? url : `${url.replace(/\/$/, "")}/model.json`;
  const model = await tf.loadLayersModel(address);
  const metadata = (model.getUserDefinedMetadata() ?? {}) as Record<string, unknown>;
  if (metadata.recipe !== recipe) {
    model.dispose();
    throw new Error(`The model at ${address} is not one of "${recipe}"${metadata.recipe ? `, but of "${String(metadata.recipe)}"` : ""}.`);
  }
  return { model, metadata };
}
