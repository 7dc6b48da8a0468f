// Models: the list; and one from the inside, with a way to take it along.

import { ask, path, type ModelDetails, type ModelInfo, type Numbers } from "./api";
import { histogram } from "./charts";
import { activations } from "./activations";
import { action, bytes, figure, h, notice, when } from "./dom";
import type { Page } from "./main";

/** By how much the browser's numbers may differ from Python's. */
const TOLERANCE = 1e-4;

export const page: Page = async (place, rest) => {
  if (rest[0]) return modelPage(place, rest[0]);
  const models = await ask<ModelInfo[]>(path("models"));
  place.append(h("h1", {}, "Models"));
  if (!models.length) {
    place.append(h("p", { class: "quiet" }, "No model yet. ", h("a", { href: "#/runs" }, "Train one."), " Every folder with a model.json in the models folder is shown here."));
    return;
  }
  const rows = models.map((model) =>
    h(
      "tr",
      {},
      h("td", {}, h("a", { href: `#/models/${encodeURIComponent(model.name)}` }, model.name)),
      h("td", {}, model.recipe ?? "own"),
      h("td", { class: "number" }, bytes(model.bytes)),
      h("td", {}, when(model.saved)),
      h("td", {}, model.recipe ? h("a", { href: `#/try/${encodeURIComponent(model.name)}` }, "Try it") : ""),
    ),
  );
  const titles = ["Name", "Recipe", "Size", "Saved", ""].map((title) => h("th", { scope: "col" }, title || h("span", { class: "visually-hidden" }, "Try it")));
  place.append(h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "All models" }, h("table", {}, h("thead", {}, h("tr", {}, ...titles)), h("tbody", {}, ...rows))));
};

async function modelPage(place: HTMLElement, name: string): Promise<void> {
  const model = await ask<ModelDetails>(path("models", name));
  const checked = h("p", { role: "status" }, "Before you take it along, this browser computes what Python computes.");
  const download = h("a", { class: "button primary", href: path("models", name, "zip"), download: `${name}.zip`, hidden: true }, "Download for a web page (zip)");
  const check = h("button", { onclick: action(() => verify(name, checked, download)) }, "Check it in this browser");
  place.append(
    h("h1", {}, name),
    h("dl", { class: "facts" }, ...facts(model)),
    h("div", { class: "card" }, h("h2", {}, "Into a web page"), checked, h("p", { class: "buttons" }, check, download), h("pre", { tabindex: "0", "aria-label": "Program text for the page" }, snippet(model, name))),
    h("h2", {}, "Layers"),
    table("Layers", ["Layer", "Kind", "Output shape", "Parameters"], model.layers.map((layer) => [layer.name, layer.class, JSON.stringify(layer.output_shape), layer.params.toLocaleString()])),
    h("h2", {}, "Weights"),
    h("p", { class: "quiet" }, "How the numbers of each weight are spread, from the least to the most."),
    h("div", { class: "weights" }, ...model.weights.map((weight) =>
      h("figure", {}, h("figcaption", {}, h("b", {}, weight.name), ` ${JSON.stringify(weight.shape)}`), histogram(weight.counts, `${weight.name}: mean ${figure(weight.mean)}, deviation ${figure(weight.deviation)}`), h("small", {}, `${figure(weight.least)} … ${figure(weight.most)}, mean ${figure(weight.mean)}`)))),
  );
  const inside = activations(model, path("models", name, "files", "model.json"));
  if (inside) place.append(inside);
  if (model.metadata) {
    place.append(h("details", {}, h("summary", {}, "What it knows beside its weights (userDefinedMetadata)"), h("pre", { tabindex: "0", "aria-label": "Metadata" }, JSON.stringify(model.metadata, null, 2))));
  }
  place.append(h("p", {}, h("button", { class: "quiet-button", onclick: action(async () => {
    if (!confirm(`Delete the model ${name}? This cannot be undone.`)) return;
    await ask(path("models", name), { method: "DELETE" });
    notice(`${name} is deleted.`);
    location.hash = "#/models";
  }) }, "Delete this model")));
}

function table(what: string, titles: string[], rows: string[][]): HTMLElement {
  const head = h("tr", {}, ...titles.map((title) => h("th", { scope: "col" }, title)));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": what }, h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map((cell) => h("td", {}, cell)))))));
}

function facts(model: ModelDetails): HTMLElement[] {
  const shapes = (tensors: ModelDetails["inputs"]) => tensors.map((tensor) => JSON.stringify(tensor.shape)).join(", ");
  const known: [string, string][] = [
    ["inputs", shapes(model.inputs)],
    ["outputs", shapes(model.outputs)],
    ["parameters", model.params.total.toLocaleString()],
    ["size", bytes(model.params.bytes)],
  ];
  return known.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)));
}

/** What one does with a recipe's model, by its class in velveteen-web/recipes. */
const USES: Record<string, string[]> = {
  digits: ["const { data, width, height } = canvas.getContext(\"2d\").getImageData(0, 0, canvas.width, canvas.height);", "const ink = data.filter((_, i) => i % 4 === 3); // how opaque each pixel is", "const reading = await model.read(ink, width, height); // {digit, score, scores}"],
  pictures: ["const picture = document.querySelector(\"img\"); // or a video, or a canvas", "const { label, score } = await model.tell(picture);"],
  commands: ["const heard = await model.hear(samples, sampleRate); // [{time, label, score}]"],
  writer: ["for await (const character of model.write(\"Once\", { temperature: 0.7, length: 300 })) show(character);"],
};

function snippet(model: ModelDetails, name: string): string {
  const recipe = String(model.metadata?.recipe ?? "");
  const use = USES[recipe];
  if (use) {
    const title = recipe[0]!.toUpperCase() + recipe.slice(1);
    return [`import { ${title} } from "velveteen-web/recipes";`, "", `const model = await ${title}.load("${name}");`, ...use].join("\n");
  }
  const shape = JSON.stringify([1, ...(model.inputs[0]?.shape.slice(1) ?? [])]);
  return [
    '<script src="tf.min.js"></script> <!-- of npm\'s @tensorflow/tfjs -->',
    "<script type=\"module\">",
    `  const model = await tf.loadLayersModel("${name}/model.json");`,
    `  const answer = model.predict(tf.zeros(${shape})); // your numbers instead`,
    "  console.log(await answer.data());",
    "</script>",
  ].join("\n");
}

/** Offers the download once the browser's answers are Python's. */
async function verify(name: string, told: HTMLElement, download: HTMLElement): Promise<void> {
  told.textContent = "Loading it in TensorFlow.js …";
  const tf = await import("@tensorflow/tfjs");
  await tf.ready();
  const [model, example] = await Promise.all([
    tf.loadLayersModel(path("models", name, "files", "model.json")),
    ask<{ inputs: Numbers[]; outputs: Numbers[] }>(path("models", name, "example")),
  ]);
  const inputs = example.inputs.map((each) => tf.tensor(each.values, each.shape, each.dtype === "int32" ? "int32" : "float32"));
  const answer = model.predict(inputs.length > 1 ? inputs : inputs[0]!);
  const outputs = Array.isArray(answer) ? answer : [answer];
  let largest = 0;
  let scale = 1;
  for (const [place, output] of outputs.entries()) {
    const theirs = example.outputs[place]!.values;
    (await output.data()).forEach((value, index) => {
      largest = Math.max(largest, Math.abs(value - theirs[index]!));
      scale = Math.max(scale, Math.abs(theirs[index]!));
    });
  }
  tf.dispose([...inputs, ...outputs]);
  model.dispose();
  const fits = largest <= TOLERANCE * scale;
  told.textContent = fits
    ? `Checked in this browser (${tf.getBackend()}): the largest difference from Python is ${largest.toExponential(1)}.`
    : `Careful: this browser's answers differ from Python's by up to ${largest.toExponential(1)}, more than ${TOLERANCE}.`;
  download.hidden = !fits;
}
