// A text that the network goes on with.

import { action, h } from "./dom";
import type { Trial } from "./try";

export const writerTrial: Trial = async (place, [model]) => {
  const { Writer } = await import("../../recipes/src/index");
  const writer = await Writer.load(model!.address);
  let ended = true;
  const text = h("textarea", { id: "text", rows: 12, spellcheck: false, "aria-describedby": "text-help" });
  const number = (id: string, value: number, min: number, max: number, step: number) => h("input", { id, type: "number", value: String(value), min: String(min), max: String(max), step: String(step) });
  const temperature = number("temperature", 0.8, 0, 2, 0.1);
  const length = number("length", 300, 1, 5000, 1);
  const stop = h("button", { hidden: true, onclick: () => (ended = true) }, "Stop");
  const go = h("button", { class: "primary", onclick: action(async () => {
    ended = false;
    stop.hidden = false;
    try {
      for await (const character of writer.write(text.value, { temperature: Number(temperature.value), length: Number(length.value) })) {
        if (ended) break;
        text.value += character;
        text.scrollTop = text.scrollHeight;
        await new Promise(requestAnimationFrame);
      }
    } finally {
      stop.hidden = true;
    }
  }) }, "Go on");
  const field = (words: string, element: HTMLElement) => h("div", { class: "field" }, h("label", { htmlFor: element.id }, words), element);
  place.append(
    field("Text", text),
    h("p", { id: "text-help", class: "quiet" }, "The network reads all of it, and writes on at its end."),
    h("div", { class: "fields" }, field("Temperature: 0 is safe, 1 is bold", temperature), field("Characters", length)),
    h("p", { class: "buttons" }, go, stop),
  );
  return () => {
    ended = true;
    writer.dispose();
  };
};
