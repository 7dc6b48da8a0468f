// A screenshot in which the network marks what is broken.

import { h } from "./dom";
import type { Trial } from "./try";
import { useWasm } from "./wasm";
import type { Finding } from "../../recipes/src/index";

/** Pixels: what a picture may have at most, as on the command line. */
const MOST = 120_000_000;
const [THICK, THIN] = [3, 1];

export const layoutTrial: Trial = async (place, [model]) => {
  const [{ KINDS, Layout }, restore] = await Promise.all([import("../../recipes/src/index"), useWasm()]);
  const layout = await Layout.load(model!.address);
  const file = h("input", { type: "file", accept: "image/png,image/jpeg,image/webp", id: "screenshot" });
  const scale = h("select", { id: "scale", onchange: () => void look() }, ...[1, 2, 3].map((each) => h("option", { value: String(each) }, String(each))));
  const showHeat = h("input", { type: "checkbox", id: "heat", checked: true, onchange: () => draw() });
  const told = h("p", { role: "status", class: "told" });
  const canvas = h("canvas", { width: 1, height: 1, role: "img" });
  const list = h("ol", { class: "findings", "aria-label": "Findings" });
  const missed = layout.kinds.filter((kind) => layout.thresholds[kind]!.unsure >= 1).map((kind) => KINDS[kind]!.title);
  const room = h("div", { class: "looked", hidden: true }, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "The screenshot" }, canvas), list);
  let chosen: Blob | null = null;
  let shown: { pixels: ImageData; heat: ImageData; findings: Finding[] } | null = null;
  let marked = -1;
  let asked = 0;

  const draw = () => {
    if (!shown) return;
    const pen = canvas.getContext("2d")!;
    pen.putImageData(showHeat.checked ? shown.heat : shown.pixels, 0, 0);
    for (const [i, { kind, sure, box: [x, y, width, height] }] of shown.findings.entries()) {
      const line = (sure ? THICK : THIN) + (i === marked ? THICK : 0);
      pen.strokeStyle = `rgb(${KINDS[kind]!.colour.join()})`;
      pen.lineWidth = line;
      pen.strokeRect(x - line / 2, y - line / 2, width + line, height + line);
      pen.fillStyle = pen.strokeStyle;
      pen.fillRect(x - line, Math.max(0, y - line - 18), 12 + 8 * String(i + 1).length, 18);
      pen.fillStyle = "white";
      pen.font = "bold 13px system-ui, sans-serif";
      pen.fillText(String(i + 1), x - line + 5, Math.max(13, y - line - 4));
    }
  };
  const mark = (which: number) => {
    marked = which;
    draw();
  };
  const look = async () => {
    if (!chosen) return;
    const number = ++asked;
    told.textContent = "Looking at it …";
    told.classList.remove("failed");
    const began = performance.now();
    try {
      const pixels = await pixelsOf(chosen, Number(scale.value));
      await new Promise(requestAnimationFrame); // so that the words are seen before the computer is busy
      const { findings, heat } = await layout.find(pixels);
      if (number !== asked) return; // another one has come
      findings.sort((a, b) => Number(b.sure) - Number(a.sure) || a.box[1] - b.box[1]);
      shown = { pixels, findings, heat: new ImageData(layout.paint(pixels, heat), pixels.width, pixels.height) };
      Object.assign(canvas, { width: pixels.width, height: pixels.height });
      canvas.setAttribute("aria-label", `The screenshot with ${findings.length} marked places`);
      list.replaceChildren(...findings.map((finding, i) => item(finding, KINDS[finding.kind]!.title, () => mark(i), () => mark(-1))));
      mark(-1);
      room.hidden = false;
      const sure = findings.filter((each) => each.sure).length;
      const words = findings.length ? `${sure} sure and ${findings.length - sure} unsure` : "Nothing broken";
      told.textContent = `${words}; ${pixels.width} × ${pixels.height} pixels in ${((performance.now() - began) / 1000).toFixed(1)} s.`;
    } catch (error) {
      told.textContent = error instanceof Error ? error.message : String(error);
      told.classList.add("failed");
      room.hidden = true;
    }
  };
  const take = (files: FileList | undefined) => {
    const picture = [...(files ?? [])].find((each) => each.type.startsWith("image/"));
    if (!picture) return void (told.textContent = "Drop a picture: PNG, JPEG or WebP.");
    chosen = picture;
    void look();
  };
  file.addEventListener("change", () => file.files?.length && take(file.files));
  const drop = h("label", { class: "drop", htmlFor: "screenshot" }, h("b", {}, "Drop a screenshot here"), h("span", {}, "choose a file, or paste one"), file);
  for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer?.files);
  });
  const paste = (event: ClipboardEvent) => event.clipboardData?.files.length && take(event.clipboardData.files);
  addEventListener("paste", paste);
  if (missed.length) place.append(h("p", {}, `This network has not learned enough to find: ${missed.join(", ")}.`));
  place.append(
    drop,
    h("p", { class: "buttons" },
      h("span", {}, h("label", { htmlFor: "scale" }, "Its pixels in a CSS pixel "), scale),
      h("span", {}, showHeat, h("label", { htmlFor: "heat" }, " Show what the network marks"))),
    told,
    room,
  );
  return () => {
    asked++;
    removeEventListener("paste", paste);
    layout.dispose();
    restore();
  };
};

function item(finding: Finding, title: string, over: () => void, out: () => void): HTMLElement {
  const [x, y, width, height] = finding.box;
  const button = h("button", { class: "small", onmouseenter: over, onfocus: over, onmouseleave: out, onblur: out }, title);
  return h("li", {}, button, h("span", {}, ` ${finding.sure ? "sure" : "unsure"}, ${(100 * finding.score).toFixed(0)} %, ${width} × ${height} at ${x}, ${y}`));
}

/** Returns a picture's pixels, a pixel for a CSS pixel, on white. */
async function pixelsOf(file: Blob, scale: number): Promise<ImageData> {
  const picture = await createImageBitmap(file).catch(() => {
    throw new Error("This cannot be read as a picture. PNG, JPEG and WebP can.");
  });
  if (picture.width * picture.height > MOST) throw new Error(`The picture has ${picture.width} × ${picture.height} pixels; at most ${MOST.toLocaleString()} are read.`);
  const [width, height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side / scale))) as [number, number];
  const pen = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  pen.fillStyle = "white";
  pen.fillRect(0, 0, width, height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, 0, 0, width, height);
  picture.close();
  return pen.getImageData(0, 0, width, height);
}
