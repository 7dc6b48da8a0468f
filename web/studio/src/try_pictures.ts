// What the camera sees, or what is on a picture.

import { Camera } from "./camera";
import { action, h } from "./dom";
import type { Trial } from "./try";
import type { Source } from "../../recipes/src/index";

export const picturesTrial: Trial = async (place, [model]) => {
  const { Pictures } = await import("../../recipes/src/index");
  const pictures = await Pictures.load(model!.address);
  const answer = h("output", { class: "answer words", "aria-live": "polite" }, "?");
  const bars = pictures.classes.map((name) => h("li", {}, h("span", { class: "word" }, name), h("meter", { min: 0, max: 1, value: 0, "aria-label": `Score of ${name}` }), h("span", { class: "number" }, "")));
  const file = h("input", { type: "file", accept: "image/*", id: "seen-picture" });
  const shown = h("div", { class: "seen" });
  let camera: Camera | null = null;
  let left = false;

  const tell = async (picture: Source) => {
    const { label, score, scores } = await pictures.tell(picture);
    if (left) return;
    answer.textContent = `${label}, ${Math.round(100 * score)} %`;
    pictures.classes.forEach((name, i) => {
      bars[i]!.querySelector("meter")!.value = scores[name]!;
      bars[i]!.querySelector(".number")!.textContent = `${(100 * scores[name]!).toFixed(0)} %`;
    });
  };
  const show = async (blob: Blob) => {
    close();
    const picture = await createImageBitmap(blob).catch(() => null);
    if (!picture) throw new Error("This is no picture that the browser can read.");
    const address = URL.createObjectURL(blob);
    shown.replaceChildren(h("img", { src: address, alt: "The picture", onload: () => URL.revokeObjectURL(address) }));
    await tell(picture);
  };
  const close = () => {
    camera?.close();
    camera = null;
    look.textContent = "Camera";
  };
  const watch = async (own: Camera) => {
    while (camera === own && !left) {
      await tell(own.video);
      await new Promise(requestAnimationFrame);
    }
  };
  const look = h("button", { class: "primary", onclick: action(async () => {
    if (camera) return close();
    camera = await Camera.open();
    shown.replaceChildren(camera.video);
    look.textContent = "Close the camera";
    void watch(camera).catch(() => undefined);
  }) }, "Camera");
  const given = (blob: Blob | undefined) => {
    if (blob) void action(() => show(blob))({ currentTarget: null } as unknown as Event);
  };
  file.addEventListener("change", () => given(file.files?.[0]));
  place.addEventListener("dragover", (event) => event.preventDefault());
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    given(event.dataTransfer?.files[0]);
  });
  const pasted = (event: ClipboardEvent) => given(event.clipboardData?.files[0]);
  document.addEventListener("paste", pasted);
  place.append(
    h("p", { class: "buttons" }, look, h("span", {}, h("label", { htmlFor: "seen-picture" }, "or a picture, chosen, dropped or pasted: "), file)),
    answer,
    h("div", { class: "digits" }, shown, h("ol", { class: "bars" }, ...bars)),
  );
  return () => {
    left = true;
    close();
    document.removeEventListener("paste", pasted);
    pictures.dispose();
  };
};
