// A place to draw on, with a pen as thick as people write.

import { h } from "./dom";

export interface Pad {
  canvas: HTMLCanvasElement;
  clear(): void;
  /** How opaque each pixel is, 0 to 255. */
  ink(): Uint8ClampedArray;
  /** The drawing as a PNG, black on white; null where nothing is drawn. */
  toPicture(): Promise<Blob | null>;
}

/** Makes a square pad; `changed` is called after every stroke and when it is cleared. */
export function drawingPad(size: number, words: string, changed: () => void = () => {}): Pad {
  const canvas = h("canvas", { width: size, height: size, tabindex: "0", role: "img", "aria-label": words });
  const pen = canvas.getContext("2d", { willReadFrequently: true })!;
  const strokes: { x: number; y: number }[][] = [];

  const paint = (context: CanvasRenderingContext2D, color: string) => {
    context.strokeStyle = color;
    context.lineWidth = size / 13;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of strokes) {
      context.beginPath();
      for (const { x, y } of stroke) context.lineTo(x, y);
      if (stroke.length === 1) context.lineTo(stroke[0]!.x, stroke[0]!.y);
      context.stroke();
    }
  };
  const draw = () => {
    pen.clearRect(0, 0, size, size);
    paint(pen, getComputedStyle(canvas).color);
    changed();
  };
  const clear = () => {
    strokes.length = 0;
    draw();
  };
  const pointOf = (event: PointerEvent) => {
    const box = canvas.getBoundingClientRect();
    return { x: ((event.clientX - box.left) * size) / box.width, y: ((event.clientY - box.top) * size) / box.height };
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    strokes.push([pointOf(event)]);
    draw();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    const moves = event.getCoalescedEvents();
    strokes.at(-1)!.push(...(moves.length ? moves : [event]).map(pointOf));
    draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => strokes.length && draw());
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Delete" || event.key === "Backspace") clear();
  });
  return {
    canvas,
    clear,
    ink() {
      const { data } = pen.getImageData(0, 0, size, size);
      return Uint8ClampedArray.from({ length: size * size }, (_, i) => data[4 * i + 3]!);
    },
    async toPicture() {
      if (!strokes.length) return null;
      const paper = h("canvas", { width: size, height: size });
      const context = paper.getContext("2d")!;
      context.fillStyle = "white";
      context.fillRect(0, 0, size, size);
      paint(context, "black");
      return new Promise((resolve) => paper.toBlob(resolve, "image/png"));
    },
  };
}
