// Make a data set in the page: record words, or draw digits; train on it, and try what came of it.

import { ask, path, send, type Run } from "./api";
import { action, h, notice } from "./dom";
import type { Page } from "./main";
import { open, toWav } from "./microphone";
import { drawingPad } from "./pad";

interface Dataset {
  name: string;
  labels: Record<string, number>;
}

/** What can be taught: how an example comes about, and what is trained on the folder. */
interface Subject {
  title: string;
  words: string;
  labels: string[];
  accept: string;
  recipe: string;
  setting: string;
  least: number;
  maker(add: (example: Blob) => Promise<void>): HTMLElement;
}

const SECONDS = 1.5;
const PICTURE = 280;

const SUBJECTS: Record<string, Subject> = {
  words: {
    title: "Words",
    words: "Record each word ten times or more, as you will say it later; or drop wav files. A second class to tell it from is enough to begin.",
    labels: ["yes", "no"],
    accept: "audio/wav",
    recipe: "commands",
    setting: "recordings",
    least: 3,
    maker: recorder,
  },
  digits: {
    title: "Digits in your handwriting",
    words: "Draw each digit ten times or more; or drop pictures.",
    labels: Array.from("0123456789"),
    accept: "image/png,image/jpeg,image/webp",
    recipe: "digits",
    setting: "data",
    least: 5,
    maker: drawer,
  },
};

export const page: Page = async (place) => {
  const again = (_: Event, work: () => Promise<unknown> = begin) => void action(work)({ currentTarget: null } as unknown as Event);
  const subject = h("select", { id: "subject", onchange: again }, ...Object.entries(SUBJECTS).map(([key, { title }]) => h("option", { value: key }, title)));
  const name = h("input", { id: "data-set", value: "mine", pattern: "[A-Za-z0-9][A-Za-z0-9 ._\\-]*", maxLength: 100, autocomplete: "off", onchange: again });
  const about = h("p", { class: "quiet" });
  const classes = h("div", { class: "classes" });
  const label = h("input", { id: "new-label", autocomplete: "off", maxLength: 100 });
  const add = h("form", { class: "buttons" }, h("label", { htmlFor: "new-label" }, "Another class"), label, h("button", { type: "submit" }, "Add"));
  const train = h("button", { class: "primary", onclick: action(start) }, "Train on these");
  let labels: string[] = [];
  let left = false;

  place.append(
    h("h1", {}, "Teach"),
    h("p", { class: "quiet" }, "Examples stay on this machine, as files in the folder datasets: a folder a class."),
    h("div", { class: "fields" }, h("div", { class: "field" }, h("label", { htmlFor: "subject" }, "What"), subject), h("div", { class: "field" }, h("label", { htmlFor: "data-set" }, "Name of the data set"), name)),
    about,
    classes,
    add,
    h("p", { class: "buttons" }, train),
  );
  add.addEventListener("submit", (event) => {
    event.preventDefault();
    const word = label.value.trim();
    if (!word || labels.includes(word)) return;
    labels.push(word);
    label.value = "";
    again(event, async () => classes.append(await room(word)));
  });

  const kind = () => SUBJECTS[subject.value]!;
  const folder = () => `${name.value} ${subject.value}`;

  async function begin() {
    about.textContent = kind().words;
    add.hidden = kind().recipe === "digits";
    const known = (await ask<Dataset[]>(path("datasets"))).find((each) => each.name === folder());
    const own = Object.keys(known?.labels ?? {});
    labels = [...new Set([...own, ...(own.length < 2 || kind().recipe === "digits" ? kind().labels : [])])];
    const rooms = await Promise.all(labels.map(room));
    if (!left) classes.replaceChildren(...rooms);
  }

  /** What belongs to a class: its count, its newest examples, and ways to add some. */
  async function room(word: string): Promise<HTMLElement> {
    const own = folder();
    const count = h("span", { class: "count" });
    const newest = h("ul", { class: "samples", "aria-label": `Newest examples of ${word}` });
    const files = h("input", { type: "file", accept: kind().accept, multiple: true, "aria-label": `Files for ${word}` });
    const refresh = async () => {
      const known = (await ask<Dataset[]>(path("datasets"))).find((each) => each.name === own);
      const total = known?.labels[word] ?? 0;
      count.textContent = ` ${total.toLocaleString()} example${total === 1 ? "" : "s"}`;
      const names = total ? await ask<string[]>(path("datasets", own, word)) : [];
      newest.replaceChildren(...names.slice(0, 12).map(sample));
    };
    const sample = (file: string) => {
      const address = path("datasets", own, word, file);
      const shown = file.endsWith(".wav") ? h("audio", { src: address, controls: true }) : h("img", { src: address, alt: `Example of ${word}`, width: 48, height: 48 });
      const remove = h("button", { class: "small", "aria-label": `Delete this example of ${word}`, onclick: action(async () => { await ask(address, { method: "DELETE" }); await refresh(); }) }, "×");
      return h("li", {}, shown, remove);
    };
    const keep = async (example: Blob) => {
      await ask(path("datasets", own, word), { method: "POST", headers: { "content-type": example.type }, body: example });
      await refresh();
    };
    files.addEventListener("change", () => {
      void action(async () => {
        for (const file of files.files ?? []) await ask(path("datasets", own, word), { method: "POST", headers: { "content-type": file.type }, body: file });
        files.value = "";
        await refresh();
      })({ currentTarget: null } as unknown as Event);
    });
    await refresh();
    return h("section", { class: "card", "aria-label": `Class ${word}` }, h("h2", {}, word, count), kind().maker(keep), h("p", {}, files), newest);
  }

  async function start() {
    const known = (await ask<Dataset[]>(path("datasets"))).find((each) => each.name === folder());
    const filled = Object.entries(known?.labels ?? {}).filter(([, count]) => count >= kind().least);
    if (filled.length < 2) throw new Error(`At least two classes need ${kind().least} examples each.`);
    const settings = { [kind().setting]: `datasets/${folder()}` };
    const run = await send<Run>(path("runs"), { recipe: kind().recipe, name: folder(), settings });
    notice("The training has started. When it is done, try it, or take the model along from its page.");
    location.hash = `#/runs/${run.id}`;
  }

  await begin();
  return () => {
    left = true;
  };
};

/** Records a word at a press of the button. */
function recorder(add: (example: Blob) => Promise<void>): HTMLElement {
  const button = h("button", { onclick: action(async () => {
    const blocks: Float32Array[] = [];
    button.textContent = "Speak now";
    const microphone = await open((block) => blocks.push(block));
    try {
      await new Promise((resolve) => setTimeout(resolve, 1000 * SECONDS));
    } finally {
      microphone.stop();
      button.textContent = "Record";
    }
    const samples = new Float32Array(blocks.reduce((sum, block) => sum + block.length, 0));
    blocks.reduce((place, block) => (samples.set(block, place), place + block.length), 0);
    if (!samples.some((sample) => Math.abs(sample) > 0.01)) throw new Error("Nothing was heard. Is the microphone on?");
    await add(toWav(samples, microphone.sampleRate));
  }) }, "Record");
  return h("p", {}, button);
}

/** A place to draw, whose drawing is kept at a press of the button. */
function drawer(add: (example: Blob) => Promise<void>): HTMLElement {
  const pad = drawingPad(PICTURE, "Draw an example here; Delete clears it");
  const keep = h("button", { onclick: action(async () => {
    const picture = await pad.toPicture();
    if (!picture) throw new Error("Nothing is drawn yet.");
    pad.clear(); // at once, so that nobody waits for the server to draw the next one
    await add(picture);
  }) }, "Keep");
  return h("div", { class: "pad" }, pad.canvas, h("p", { class: "buttons" }, keep, h("button", { onclick: () => pad.clear() }, "Clear")));
}
