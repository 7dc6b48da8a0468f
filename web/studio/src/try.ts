// Models at work, in this browser, on TensorFlow.js.

import "./try.css";
import { ask, path, type ModelInfo } from "./api";
import { action, h } from "./dom";
import type { Page } from "./main";
import { commandsTrial } from "./try_commands";
import { digitsTrial } from "./try_digits";
import { formatterTrial } from "./try_formatter";
import { layoutTrial } from "./try_layout";
import { picturesTrial } from "./try_pictures";
import { writerTrial } from "./try_writer";

/** A model to try: where its model.json is, and which languages it has learned, if it is a formatter. */
export interface Trying {
  address: string;
  languages: string[];
}

/** Fills the place with a trial of a model, or of several that belong together; may return what ends it. */
export type Trial = (place: HTMLElement, models: Trying[]) => Promise<() => void>;

const TRIALS: Record<string, { words: string; trial: Trial }> = {
  digits: { words: "Draw a digit, and the network reads it.", trial: digitsTrial },
  pictures: { words: "Show it something, and the network says which of your classes it is.", trial: picturesTrial },
  commands: { words: "Speak a command, and the network hears it.", trial: commandsTrial },
  layout: { words: "Drop a screenshot, and the network marks what is broken in it.", trial: layoutTrial },
  writer: { words: "Begin a text, and the network goes on.", trial: writerTrial },
  formatter: { words: "Paste code, and the network lays it out. It changes nothing but white space.", trial: formatterTrial },
};

/** What can be chosen: a model of the user's, or those of a recipe that come with velveteen. */
interface Choice {
  hash: string;
  title: string;
  recipe: string;
  models: Trying[];
}

export const page: Page = async (place, rest) => {
  const [own, shipped] = await Promise.all([ask<ModelInfo[]>(path("models")), ask<ModelInfo[]>(path("pretrained"))]);
  const trying = (model: ModelInfo, address: string): Trying => ({ address, languages: model.languages });
  const choices: Choice[] = own
    .filter((model) => model.recipe && model.recipe in TRIALS)
    .map((model) => ({ hash: encodeURIComponent(model.name), title: `${model.name} (${model.recipe})`, recipe: model.recipe!, models: [trying(model, path("models", model.name, "files", "model.json"))] }));
  for (const recipe of new Set(shipped.map((model) => model.recipe!))) {
    const models = shipped.filter((model) => model.recipe === recipe).map((model) => trying(model, path("pretrained", recipe, model.name, "files", "model.json")));
    choices.push({ hash: `pretrained/${recipe}`, title: `${recipe} (comes with velveteen)`, recipe, models });
  }
  place.append(h("h1", {}, "Try it"));
  const wanted = rest.map(encodeURIComponent).join("/");
  const chosen = choices.find((each) => each.hash === wanted) ?? choices[0];
  if (!chosen) {
    place.append(h("p", { class: "quiet" }, "There is no model to try yet. ", h("a", { href: "#/runs" }, "Train one.")));
    return;
  }
  const choice = h("select", { id: "model", onchange: () => (location.hash = `#/try/${choice.value}`) },
    ...choices.map((each) => h("option", { value: each.hash, selected: each === chosen }, each.title)));
  const { words, trial } = TRIALS[chosen.recipe]!;
  const room = h("div", { class: "card trial" }, h("p", { class: "quiet" }, "Loading TensorFlow.js and the model …"));
  place.append(h("p", {}, h("label", { htmlFor: "model" }, "Model "), choice), h("p", { class: "quiet" }, words), room);
  let end = () => {};
  let left = false;
  void action(async () => {
    const filled = h("div", {});
    end = await trial(filled, chosen.models);
    if (left) end();
    else room.replaceChildren(filled);
  })({ currentTarget: null } as unknown as Event);
  return () => {
    left = true;
    end();
  };
};
