// What the layers of a network make of a picture.

import type { ModelDetails } from "./api";
import { action, h } from "./dom";
import type { LayersModel, Tensor4D } from "@tensorflow/tfjs";

const CHANNELS = 16;

/** Returns the part of the page, or null where the model does not take pictures. */
export function activations(model: ModelDetails, address: string): HTMLElement | null {
  const shape = model.inputs[0]?.shape;
  const makesPictures = model.layers.some(({ output_shape }) => Array.isArray(output_shape) && output_shape.length === 4);
  if (!makesPictures || model.inputs.length !== 1 || shape?.length !== 4 || !shape[1] || !shape[2] || ![1, 3].includes(shape[3] ?? 0)) return null;
  const [, height, width, channels] = shape as number[];
  const file = h("input", { type: "file", accept: "image/*", id: "picture" });
  const shown = h("div", { class: "layers" });
  let network: LayersModel | null = null;
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    if (!chosen) return;
    void action(async () => {
      const tf = await import("@tensorflow/tfjs");
      network ??= await tf.loadLayersModel(address);
      const picture = await createImageBitmap(chosen, { resizeWidth: width, resizeHeight: height, resizeQuality: "high" });
      const pixels = tf.tidy(() => {
        const raw = tf.browser.fromPixels(picture, channels === 1 ? 3 : channels).toFloat().div(255);
        const gray = channels === 1 ? raw.mean(2, true) : raw;
        return gray.expandDims(0) as Tensor4D;
      });
      const layers = network.layers.filter((layer) => Array.isArray(layer.outputShape) && layer.outputShape.length === 4 && layer.getClassName() !== "InputLayer");
      const views = tf.model({ inputs: network.inputs, outputs: layers.map((layer) => layer.output as never) });
      const made = views.predict(pixels);
      const outputs = (Array.isArray(made) ? made : [made]) as Tensor4D[];
      shown.replaceChildren(...(await Promise.all(outputs.map((output, place) => strip(layers[place]!.name, output)))));
      tf.dispose([pixels, ...outputs]);
    })({ currentTarget: null } as unknown as Event);
  });
  return h(
    "section",
    {},
    h("h2", {}, "What its layers see"),
    h("p", {}, h("label", { htmlFor: "picture" }, "Choose a picture; white on black for digits: "), file),
    shown,
  );
}

/** The first channels of a layer's output, each stretched to black and white. */
async function strip(name: string, output: Tensor4D): Promise<HTMLElement> {
  const [, height, width, channels] = output.shape;
  const values = await output.data();
  const canvases = Array.from({ length: Math.min(CHANNELS, channels) }, (_, channel) => {
    const canvas = h("canvas", { width, height, role: "img", "aria-label": `${name}, channel ${channel + 1}` });
    const image = new ImageData(width, height);
    let [least, most] = [Infinity, -Infinity];
    for (let i = channel; i < height * width * channels; i += channels) {
      least = Math.min(least, values[i]!);
      most = Math.max(most, values[i]!);
    }
    for (let i = 0; i < height * width; i++) {
      const level = (255 * (values[i * channels + channel]! - least)) / (most - least || 1);
      image.data.set([level, level, level, 255], 4 * i);
    }
    canvas.getContext("2d")!.putImageData(image, 0, 0);
    return canvas;
  });
  return h("figure", {}, h("figcaption", {}, `${name}: ${height} × ${width} × ${channels}`), h("div", { class: "strip" }, ...canvases));
}
