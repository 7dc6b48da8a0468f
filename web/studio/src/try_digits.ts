// A place to draw a digit, and what the network reads.

import { h } from "./dom";
import { drawingPad } from "./pad";
import type { Trial } from "./try";

const SIZE = 280;

export const digitsTrial: Trial = async (place, [model]) => {
  const { Digits } = await import("../../recipes/src/index");
  const digits = await Digits.load(model!.address);
  const answer = h("output", { class: "answer", "aria-live": "polite" }, "?");
  const bars = Array.from({ length: 10 }, (_, digit) => h("li", {}, h("span", {}, String(digit)), h("meter", { min: 0, max: 1, value: 0, "aria-label": `Score of ${digit}` })));
  let asked = 0;
  const read = async () => {
    const number = ++asked;
    const reading = await digits.read(pad.ink(), SIZE, SIZE).catch(() => null); // the page may be left meanwhile
    if (number !== asked) return; // another stroke has come
    answer.textContent = reading ? String(reading.digit) : "?";
    bars.forEach((bar, digit) => (bar.querySelector("meter")!.value = reading?.scores[digit] ?? 0));
  };
  const pad = drawingPad(SIZE, "Draw a digit here; Delete clears it", () => void read());
  const clear = h("button", { onclick: () => pad.clear() }, "Clear");
  place.append(h("div", { class: "digits" }, h("div", {}, pad.canvas, h("p", {}, clear)), h("div", {}, answer, h("ol", { class: "bars" }, ...bars))));
  return () => digits.dispose();
};
