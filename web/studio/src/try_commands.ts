// Words that the network hears, from the microphone or a file.

import { action, h } from "./dom";
import { open, type Microphone } from "./microphone";
import type { Trial } from "./try";
import type { Ear, Heard } from "../../recipes/src/index";

export const commandsTrial: Trial = async (place, [model]) => {
  const { Commands } = await import("../../recipes/src/index");
  const commands = await Commands.load(model!.address);
  const answer = h("output", { class: "answer", "aria-live": "polite" }, "–");
  const heard = h("ol", { class: "heard", "aria-label": "What was heard" });
  const bars = commands.words.map((word) => h("li", {}, h("span", { class: "word" }, word.replaceAll("_", " ").trim()), h("meter", { min: 0, max: 1, value: 0, "aria-label": `Score of ${word}` })));
  const file = h("input", { type: "file", accept: "audio/*", id: "recording" });
  const level = h("meter", { min: 0, max: 0.5, value: 0, "aria-label": "Loudness" });
  let microphone: Microphone | null = null;

  const show = (found: Heard[], scores: number[] | null) => {
    for (const { label, time } of found) {
      answer.textContent = label;
      heard.prepend(h("li", {}, `${label}, at ${time.toFixed(1)} s`));
    }
    if (scores) bars.forEach((bar, i) => (bar.querySelector("meter")!.value = scores[i]!));
  };
  const stop = () => {
    microphone?.stop();
    microphone = null;
    listen.textContent = "Listen to the microphone";
  };
  const start = async () => {
    let ear: Ear | null = null;
    let work = Promise.resolve();
    const opened = await open((block) => {
      if (microphone !== opened) return;
      level.value = Math.sqrt(block.reduce((sum, value) => sum + value * value, 0) / block.length);
      ear ??= commands.listen(opened.sampleRate);
      const own = ear;
      work = work.then(async () => {
        if (microphone === opened) show(await own.hear(block), own.scores);
      }, () => {}); // one after the other; what is left when the page is left is let go
    });
    microphone = opened;
    listen.textContent = "Stop listening";
  };
  const listen = h("button", { class: "primary", onclick: action(async () => (microphone ? stop() : start())) }, "Listen to the microphone");
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    if (!chosen) return;
    void action(async () => {
      const sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(await chosen.arrayBuffer());
      heard.replaceChildren();
      answer.textContent = "–";
      const found = await commands.hear(sound.getChannelData(0), sound.sampleRate);
      show(found, null);
      if (!found.length) answer.textContent = "no word";
    })({ currentTarget: null } as unknown as Event);
  });
  place.append(
    h("p", { class: "buttons" }, listen, h("span", {}, h("label", { htmlFor: "recording" }, "or a recording: "), file)),
    h("p", {}, "Loudness ", level),
    answer,
    h("div", { class: "digits" }, h("ol", { class: "bars" }, ...bars), heard),
  );
  return () => {
    stop();
    commands.dispose();
  };
};
