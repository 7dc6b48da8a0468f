// A class in "Teach": how many examples it has, some of them, and ways to add more. However many there are, a few are shown.

import { ask, path } from "./api";
import { action, h } from "./dom";
import type { Maker } from "./makers";
import { addressOf, Uploads } from "./uploads";

/** Examples shown at a time. */
const PAGE = 24;

export interface Changes {
  renamed(to: string): void;
  removed(): void;
}

export class Classroom {
  readonly element: HTMLElement;
  /** How many examples there are. */
  total: number;
  private skipped = 0;
  private files: string[] = [];
  private readonly address: string;
  private readonly uploads: Uploads;
  private readonly count = h("span", { class: "count" });
  private readonly shown: HTMLElement;
  private readonly older = h("button", { class: "small", onclick: action(() => this.turn(PAGE)) }, "Older");
  private readonly newer = h("button", { class: "small", onclick: action(() => this.turn(-PAGE)) }, "Newer");
  private readonly left = h("p", { role: "status", class: "quiet" });

  constructor(private readonly dataset: string, readonly label: string, total: number, accept: string, maker: Maker, changes: Changes | null) {
    this.total = total;
    this.address = addressOf(dataset, label);
    this.shown = h("ul", { class: "samples", "aria-label": `Newest examples of ${label}` });
    this.uploads = new Uploads(
      this.address,
      (added) => {
        this.total = added.total;
        this.files = this.skipped ? this.files : [...added.files, ...this.files].slice(0, PAGE);
        this.draw();
      },
      (count) => (this.left.textContent = count ? `${count.toLocaleString()} on their way` : ""),
    );
    const files = h("input", { type: "file", accept, multiple: true, "aria-label": `Files for ${label}` });
    files.addEventListener("change", () => {
      void this.add([...(files.files ?? [])]);
      files.value = "";
    });
    this.element = h(
      "section",
      { class: "card classroom", "aria-label": `Class ${label}` },
      h("h2", {}, label, this.count),
      changes && h("p", { class: "buttons" }, h("button", { class: "small", onclick: action(() => this.rename(changes)) }, "Rename"), h("button", { class: "small", onclick: action(() => this.remove(changes)) }, "Delete the class")),
      maker((blobs) => this.uploads.add(blobs)),
      h("p", {}, files, h("small", { class: "quiet" }, " or drop, or paste")),
      this.left,
      this.shown,
      h("p", { class: "buttons" }, this.newer, this.older),
    );
    this.element.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.element.classList.add("aimed");
    });
    this.element.addEventListener("dragleave", () => this.element.classList.remove("aimed"));
    this.element.addEventListener("drop", (event) => {
      event.preventDefault();
      this.element.classList.remove("aimed");
      if (event.dataTransfer) void filesOf(event.dataTransfer).then((found) => this.add(found));
    });
  }

  /** Shows the newest examples. */
  async open(): Promise<this> {
    this.files = this.total ? await ask<string[]>(`${this.address}?skip=${this.skipped}&limit=${PAGE}`) : [];
    this.draw();
    return this;
  }

  /** Adds files; what goes wrong is told. */
  async add(files: Blob[]): Promise<void> {
    await action(() => this.uploads.add(files))({ currentTarget: null } as unknown as Event);
  }

  private draw(): void {
    this.count.textContent = ` ${this.total.toLocaleString()} example${this.total === 1 ? "" : "s"}`;
    const there = new Map([...this.shown.children].map((item) => [(item as HTMLElement).dataset.file, item]));
    this.shown.replaceChildren(...this.files.map((file) => there.get(file) ?? this.sample(file)));
    this.newer.hidden = this.skipped === 0;
    this.older.hidden = this.skipped + PAGE >= this.total;
  }

  private sample(file: string): HTMLElement {
    const address = path("datasets", this.dataset, this.label, file);
    const shown = file.endsWith(".wav") ? h("audio", { src: address, controls: true }) : h("img", { src: address, alt: `Example of ${this.label}`, width: 48, height: 48, loading: "lazy", decoding: "async" });
    const remove = h("button", { class: "small", "aria-label": `Delete this example of ${this.label}`, onclick: action(async () => {
      await ask(address, { method: "DELETE" });
      this.total--;
      await this.open(); // another one moves up
    }) }, "×");
    return h("li", { "data-file": file }, shown, remove);
  }

  private async turn(by: number): Promise<void> {
    this.skipped = Math.max(0, this.skipped + by);
    await this.open();
  }

  private async rename(changes: Changes): Promise<void> {
    const wanted = prompt(`Another name for ${this.label}`, this.label)?.trim();
    if (!wanted || wanted === this.label) return;
    if (this.total) await ask(this.address, { method: "PATCH", headers: { "content-type": "application/json" }, body: JSON.stringify({ label: wanted }) });
    changes.renamed(wanted);
  }

  private async remove(changes: Changes): Promise<void> {
    if (this.total && !confirm(`Delete ${this.label} and its ${this.total.toLocaleString()} examples? This cannot be undone.`)) return;
    if (this.total) await ask(this.address, { method: "DELETE" });
    changes.removed();
  }
}

/** The files that are dropped, also those in folders. */
async function filesOf(dropped: DataTransfer): Promise<File[]> {
  const entries = [...dropped.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (!entries.length) return [...dropped.files];
  return (await Promise.all(entries.map(within))).flat();
}

async function within(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) return [await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: File[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    found.push(...(await Promise.all(some.map(within))).flat());
  }
}
