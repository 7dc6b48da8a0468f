// A place to draw a digit, and what the network reads.

import { h } from "./dom";
import type { Trial } from "./try";

const SIZE = 280;

export const digitsTrial: Trial = async (place, address) => {
  const { Digits } = await import("../../recipes/src/index");
  const digits = await Digits.load(address);
  const canvas = h("canvas", { width: SIZE, height: SIZE, tabindex: "0", role: "img", "aria-label": "Draw a digit here; Delete clears it" });
  const pen = canvas.getContext("2d", { willReadFrequently: true })!;
  const answer = h("output", { class: "answer", "aria-live": "polite" }, "?");
  const bars = Array.from({ length: 10 }, (_, digit) => h("li", {}, h("span", {}, String(digit)), h("meter", { min: 0, max: 1, value: 0, "aria-label": `Score of ${digit}` })));
  const strokes: { x: number; y: number }[][] = [];
  let asked = 0;

  const draw = () => {
    pen.clearRect(0, 0, SIZE, SIZE);
    pen.strokeStyle = getComputedStyle(canvas).color;
    pen.lineWidth = SIZE / 13;
    pen.lineCap = pen.lineJoin = "round";
    for (const stroke of strokes) {
      pen.beginPath();
      for (const { x, y } of stroke) pen.lineTo(x, y);
      if (stroke.length === 1) pen.lineTo(stroke[0]!.x, stroke[0]!.y);
      pen.stroke();
    }
    void read();
  };
  const read = async () => {
    const number = ++asked;
    const { data } = pen.getImageData(0, 0, SIZE, SIZE);
    const ink = Uint8ClampedArray.from({ length: SIZE * SIZE }, (_, i) => data[4 * i + 3]!);
    const reading = await digits.read(ink, SIZE, SIZE);
    if (number !== asked) return; // another stroke has come
    answer.textContent = reading ? String(reading.digit) : "?";
    bars.forEach((bar, digit) => (bar.querySelector("meter")!.value = reading?.scores[digit] ?? 0));
  };
  const pointOf = (event: PointerEvent) => {
    const box = canvas.getBoundingClientRect();
    return { x: ((event.clientX - box.left) * SIZE) / box.width, y: ((event.clientY - box.top) * SIZE) / box.height };
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    strokes.push([pointOf(event)]);
    draw();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    strokes.at(-1)!.push(...(event.getCoalescedEvents().length ? event.getCoalescedEvents() : [event]).map(pointOf));
    draw();
  });
  const clear = () => {
    strokes.length = 0;
    draw();
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Delete" || event.key === "Backspace") clear();
  });
  place.append(h("div", { class: "digits" }, h("div", {}, canvas, h("p", {}, h("button", { onclick: clear }, "Clear"))), h("div", {}, answer, h("ol", { class: "bars" }, ...bars))));
  return () => digits.dispose();
};
