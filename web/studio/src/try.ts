// Models at work, in this browser, on TensorFlow.js.

import { ask, path, type ModelInfo } from "./api";
import { action, h } from "./dom";
import type { Page } from "./main";
import { commandsTrial } from "./try_commands";
import { digitsTrial } from "./try_digits";
import { writerTrial } from "./try_writer";

/** Fills the place with a trial of the model at an address; may return what ends it. */
export type Trial = (place: HTMLElement, address: string) => Promise<() => void>;

const TRIALS: Record<string, { words: string; trial: Trial }> = {
  digits: { words: "Draw a digit, and the network reads it.", trial: digitsTrial },
  commands: { words: "Speak a command, and the network hears it.", trial: commandsTrial },
  writer: { words: "Begin a text, and the network goes on.", trial: writerTrial },
};

export const page: Page = async (place, rest) => {
  const models = (await ask<ModelInfo[]>(path("models"))).filter((model) => model.recipe && model.recipe in TRIALS);
  place.append(h("h1", {}, "Try it"));
  if (!models.length) {
    place.append(h("p", { class: "quiet" }, `There is no model of ${Object.keys(TRIALS).join(" or ")} yet. `, h("a", { href: "#/runs" }, "Train one.")));
    return;
  }
  const chosen = models.find((model) => model.name === rest[0]) ?? models[0]!;
  const choice = h("select", { id: "model", onchange: () => (location.hash = `#/try/${encodeURIComponent(choice.value)}`) },
    ...models.map((model) => h("option", { value: model.name, selected: model === chosen }, `${model.name} (${model.recipe})`)));
  const { words, trial } = TRIALS[chosen.recipe!]!;
  const room = h("div", { class: "card trial" }, h("p", { class: "quiet" }, "Loading TensorFlow.js and the model …"));
  place.append(h("p", {}, h("label", { htmlFor: "model" }, "Model "), choice), h("p", { class: "quiet" }, words), room);
  let end = () => {};
  let left = false;
  void action(async () => {
    const filled = h("div", {});
    end = await trial(filled, path("models", chosen.name, "files", "model.json"));
    if (left) end();
    else room.replaceChildren(filled);
  })({ currentTarget: null } as unknown as Event);
  return () => {
    left = true;
    end();
  };
};
