// Make a data set in the page: words recorded, pictures taken, dropped or drawn; train on it, and try what came of it.

import { ask, path, send, type Run } from "./api";
import { Classroom } from "./classroom";
import { action, h, notice } from "./dom";
import type { Page } from "./main";
import { closeCamera, drawer, pictures, recorder, type Maker } from "./makers";

interface Dataset {
  name: string;
  labels: Record<string, number>;
}

/** What can be taught: how an example comes about, and what is trained on the folder. */
interface Subject {
  title: string;
  words: string;
  /** The classes to begin with; `fixed` if there are no others. */
  labels: string[];
  fixed?: boolean;
  accept: string;
  recipe: string;
  setting: string;
  least: number;
  maker: Maker;
}

const SUBJECTS: Record<string, Subject> = {
  pictures: {
    title: "Pictures of anything",
    words: "Give two classes or more a name, and each 30 pictures or more: from the camera, dropped, chosen, pasted or drawn. Change place and light, so that the network learns the thing and not the room. It begins from nothing, so it needs more pictures than networks that were trained on millions before.",
    labels: ["one", "other"],
    accept: "image/*",
    recipe: "pictures",
    setting: "data",
    least: 5,
    maker: pictures,
  },
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
    fixed: true,
    accept: "image/*",
    recipe: "digits",
    setting: "data",
    least: 5,
    maker: drawer,
  },
};

export const page: Page = async (place) => {
  const begin = () => void action(open)({ currentTarget: null } as unknown as Event);
  const subject = h("select", { id: "subject", onchange: begin }, ...Object.entries(SUBJECTS).map(([key, { title }]) => h("option", { value: key }, title)));
  const name = h("input", { id: "data-set", value: "mine", pattern: "[A-Za-z0-9][A-Za-z0-9 ._\\-]*", maxLength: 80, autocomplete: "off", onchange: begin });
  const about = h("p", { class: "quiet" });
  const classes = h("div", { class: "classes" });
  const label = h("input", { id: "new-label", autocomplete: "off", maxLength: 100 });
  const add = h("form", { class: "buttons" }, h("label", { htmlFor: "new-label" }, "Another class"), label, h("button", { type: "submit" }, "Add"));
  const mirror = h("input", { type: "checkbox", id: "mirror" });
  const mirrored = h("p", {}, h("label", { htmlFor: "mirror" }, mirror, " A picture and its mirror image mean the same (not so for left and right, or for letters)"));
  const train = h("button", { class: "primary", onclick: action(start) }, "Train on these");
  let rooms: Classroom[] = [];
  let left = false;

  place.append(
    h("h1", {}, "Teach"),
    h("p", { class: "quiet" }, "Examples stay on this machine, as files in the folder datasets: a folder a class."),
    h("div", { class: "fields" }, h("div", { class: "field" }, h("label", { htmlFor: "subject" }, "What"), subject), h("div", { class: "field" }, h("label", { htmlFor: "data-set" }, "Name of the data set"), name)),
    about,
    classes,
    add,
    mirrored,
    h("p", { class: "buttons" }, train),
  );
  add.addEventListener("submit", (event) => {
    event.preventDefault();
    const word = label.value.trim();
    if (!word || rooms.some((room) => room.label === word)) return;
    label.value = "";
    const room = roomOf(word, 0);
    rooms.push(room);
    void room.open();
    classes.append(room.element);
  });

  const kind = () => SUBJECTS[subject.value]!;
  const folder = () => `${name.value} ${subject.value}`;

  async function open() {
    closeCamera();
    about.textContent = kind().words;
    add.hidden = kind().fixed === true;
    mirrored.hidden = kind().recipe !== "pictures";
    const known = (await ask<Dataset[]>(path("datasets"))).find((each) => each.name === folder())?.labels ?? {};
    const own = Object.keys(known);
    const labels = [...new Set([...own, ...(own.length < 2 || kind().fixed ? kind().labels : [])])];
    rooms = await Promise.all(labels.map((word) => roomOf(word, known[word] ?? 0).open()));
    if (!left) classes.replaceChildren(...rooms.map((room) => room.element));
  }

  function roomOf(word: string, total: number): Classroom {
    const room: Classroom = new Classroom(folder(), word, total, kind().accept, kind().maker, kind().fixed ? null : {
      renamed(to) {
        const other = roomOf(to, room.total);
        rooms[rooms.indexOf(room)] = other;
        room.element.replaceWith(other.element);
        void other.open();
      },
      removed() {
        rooms = rooms.filter((each) => each !== room);
        room.element.remove();
      },
    });
    return room;
  }

  /** A picture or a sound from the clipboard goes to the class under the pointer, or the one with the focus. */
  const pasted = (event: ClipboardEvent) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    const room = rooms.find(({ element }) => element.matches(":hover")) ?? rooms.find(({ element }) => element.contains(document.activeElement)) ?? rooms[0];
    event.preventDefault();
    void room?.add(files);
  };
  document.addEventListener("paste", pasted);

  async function start() {
    const filled = rooms.filter((room) => room.total >= kind().least);
    if (filled.length < 2) throw new Error(`At least two classes need ${kind().least} examples each.`);
    const short = rooms.filter((room) => room.total > 0 && room.total < kind().least);
    if (short.length && kind().recipe === "pictures") throw new Error(`${short.map((room) => room.label).join(", ")}: give at least ${kind().least} examples, or delete the class.`);
    closeCamera();
    const settings = { [kind().setting]: `datasets/${folder()}`, ...(kind().recipe === "pictures" && mirror.checked && { mirror: true }) };
    const run = await send<Run>(path("runs"), { recipe: kind().recipe, name: folder(), settings });
    notice("The training has started. When it is done, try it, or take the model along from its page.");
    location.hash = `#/runs/${run.id}`;
  }

  await open();
  return () => {
    left = true;
    closeCamera();
    document.removeEventListener("paste", pasted);
  };
};
