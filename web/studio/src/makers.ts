// Ways to make an example in the page: record a word, draw, take pictures.

import { Camera } from "./camera";
import { action, h } from "./dom";
import { open, toWav } from "./microphone";
import { drawingPad } from "./pad";

/** Takes examples; ends when they are kept. */
export type Keep = (examples: Blob[]) => Promise<void>;
/** A place to make examples in. */
export type Maker = (keep: Keep) => HTMLElement;

const SECONDS = 1.5;
const PAD = 280;
const BETWEEN = 100;

/** Records a word at a press of the button. */
export function recorder(keep: Keep): HTMLElement {
  const button = h("button", { onclick: action(async () => {
    const blocks: Float32Array[] = [];
    button.textContent = "Speak now";
    const microphone = await open((block) => blocks.push(block)).catch((error: unknown) => {
      button.textContent = "Record";
      throw error;
    });
    try {
      await new Promise((resolve) => setTimeout(resolve, 1000 * SECONDS));
    } finally {
      microphone.stop();
      button.textContent = "Record";
    }
    const samples = new Float32Array(blocks.reduce((sum, block) => sum + block.length, 0));
    blocks.reduce((place, block) => (samples.set(block, place), place + block.length), 0);
    if (!samples.some((sample) => Math.abs(sample) > 0.01)) throw new Error("Nothing was heard. Is the microphone on?");
    await keep([toWav(samples, microphone.sampleRate)]);
  }) }, "Record");
  return h("p", {}, button);
}

/** A place to draw, whose drawing is kept at a press of the button. */
export function drawer(keep: Keep): HTMLElement {
  const pad = drawingPad(PAD, "Draw an example here; Delete clears it");
  const button = h("button", { onclick: action(async () => {
    const picture = await pad.toPicture();
    if (!picture) throw new Error("Nothing is drawn yet.");
    pad.clear(); // at once, so that nobody waits for the server to draw the next one
    await keep([picture]);
  }) }, "Keep");
  return h("div", { class: "pad" }, pad.canvas, h("p", { class: "buttons" }, button, h("button", { onclick: () => pad.clear() }, "Clear")));
}

let camera: { of: HTMLElement; seen: Camera; close: () => void } | null = null;

/** Closes the camera, wherever it is open. */
export function closeCamera(): void {
  camera?.close();
}

/** Pictures from the camera, for as long as a button is held; or a drawing. */
export function pictures(keep: Keep): HTMLElement {
  const room = h("div", { class: "camera-room", hidden: true });
  const record = h("button", { class: "primary" }, "Hold to take pictures");
  const toggle = h("button", { onclick: action(async () => (camera?.of === room ? closeCamera() : openCamera())) }, "Camera");
  let taking = 0;

  async function openCamera() {
    closeCamera();
    const seen = await Camera.open();
    closeCamera(); // another class may have opened it meanwhile
    camera = { of: room, seen, close: () => {
      seen.close();
      stop();
      room.hidden = true;
      toggle.textContent = "Camera";
      camera = null;
    } };
    room.replaceChildren(seen.video, h("p", { class: "buttons" }, record));
    room.hidden = false;
    toggle.textContent = "Close the camera";
  }
  const take = async () => {
    if (camera?.of === room) await keep([await camera.seen.take()]);
  };
  const start = () => {
    if (taking) return;
    const one = action(take);
    one({ currentTarget: null } as unknown as Event);
    taking = window.setInterval(() => one({ currentTarget: null } as unknown as Event), BETWEEN);
  };
  const stop = () => {
    clearInterval(taking);
    taking = 0;
  };
  record.addEventListener("pointerdown", start);
  for (const ending of ["pointerup", "pointerleave", "pointercancel", "blur", "keyup"]) record.addEventListener(ending, stop);
  record.addEventListener("keydown", (event) => {
    if (event.key === " " || event.key === "Enter") start();
  });
  record.addEventListener("contextmenu", (event) => event.preventDefault()); // a long touch on a phone
  return h("div", {}, h("p", { class: "buttons" }, toggle), room, h("details", {}, h("summary", {}, "Draw"), drawer(keep)));
}
