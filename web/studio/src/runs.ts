// Trainings: the list, a new one, and several beside each other.

import { ask, path, send, type Option, type Recipe, type Run } from "./api";
import { action, duration, h, when } from "./dom";
import type { Page } from "./main";
import { comparePage, runPage } from "./run";

const LOOK_EVERY = 3000;
const FIRST_OPTIONS = new Set(["data", "sources", "source", "recordings", "pictures", "words", "model", "epochs", "language"]);

export const page: Page = async (place, rest) => {
  if (rest[0] === "compare") return comparePage(place, (rest[1] ?? "").split(",").map(Number));
  if (rest[0]) return runPage(place, Number(rest[0]));
  const recipes = await ask<Recipe[]>(path("recipes"));
  const chosen = new Set<number>();
  const compare = h("button", { disabled: true, onclick: () => (location.hash = `#/runs/compare/${[...chosen].join(",")}`) }, "Compare");
  const body = h("tbody");
  const none = h("p", { class: "quiet", hidden: true }, "No training yet. Start one below, or add vt.callbacks.RunRecorder(\"my run\") to a fit of your own.");

  const fill = async () => {
    const runs = await ask<Run[]>(path("runs"));
    none.hidden = runs.length > 0;
    table.hidden = runs.length === 0;
    body.replaceChildren(...runs.map((run) => row(run, chosen, () => (compare.disabled = chosen.size < 2))));
  };
  const table = h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ...["Compare", "Name", "Recipe", "State", "Started", "Took"].map((title) => h("th", { scope: "col" }, title)))),
    body,
  );
  place.append(h("h1", {}, "Runs"), none, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "All runs" }, table), h("p", {}, compare), newRun(recipes));
  await fill();
  const timer = setInterval(() => void fill().catch(() => undefined), LOOK_EVERY);
  return () => clearInterval(timer);
};

function row(run: Run, chosen: Set<number>, changed: () => void): HTMLElement {
  const box = h("input", { type: "checkbox", checked: chosen.has(run.id), "aria-label": `Compare ${run.name}, run ${run.id}` });
  box.addEventListener("change", () => {
    if (box.checked) chosen.add(run.id);
    else chosen.delete(run.id);
    changed();
  });
  return h(
    "tr",
    {},
    h("td", {}, box),
    h("td", {}, h("a", { href: `#/runs/${run.id}` }, run.name)),
    h("td", {}, run.command[0] ?? "own program"),
    h("td", {}, pill(run)),
    h("td", {}, when(run.started)),
    h("td", { class: "number" }, duration((run.ended ?? Date.now() / 1000) - run.started)),
  );
}

export function pill(run: Run): HTMLElement {
  return h("span", { class: `pill ${run.state}` }, run.state);
}

/** The form that starts a training, made from what the recipe's command takes. */
function newRun(recipes: Recipe[]): HTMLElement {
  const choice = h("select", { id: "recipe" }, ...recipes.map(({ recipe }) => h("option", { value: recipe }, recipe)));
  const name = h("input", { id: "run-name", required: true, maxLength: 100, pattern: "[A-Za-z0-9][A-Za-z0-9 ._\\-]*", autocomplete: "off" });
  const about = h("p", { class: "quiet" });
  const first = h("div", { class: "fields" });
  const others = h("div", { class: "fields" });
  let readers: [string, () => unknown][] = [];

  const fill = () => {
    const recipe = recipes.find((each) => each.recipe === choice.value)!;
    about.textContent = recipe.help;
    name.value = `${recipe.recipe}-${new Date().toISOString().slice(5, 16).replace(/[T:]/g, "-")}`;
    readers = [];
    const fields = recipe.options.map((option) => {
      const [element, read] = field(option);
      readers.push([option.name, read]);
      return [option, element] as const;
    });
    first.replaceChildren(...fields.filter(([option]) => FIRST_OPTIONS.has(option.name)).map(([, element]) => element));
    others.replaceChildren(...fields.filter(([option]) => !FIRST_OPTIONS.has(option.name)).map(([, element]) => element));
  };
  choice.addEventListener("change", fill);
  fill();
  const form = h(
    "form",
    { class: "card", "aria-labelledby": "new-run" },
    h("h2", { id: "new-run" }, "New training"),
    h("div", { class: "fields" }, label("recipe", "Recipe", choice), label("run-name", "Name of the run and its model", name)),
    about,
    first,
    h("details", {}, h("summary", {}, "More settings"), others),
    h("p", {}, h("button", { class: "primary", type: "submit" }, "Start training")),
  );
  const start = action(async () => {
    const settings = Object.fromEntries(readers.map(([key, read]) => [key, read()]).filter(([, value]) => value !== undefined));
    const run = await send<Run>(path("runs"), { recipe: choice.value, name: name.value, settings });
    location.hash = `#/runs/${run.id}`;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    start({ ...event, currentTarget: form.querySelector("button.primary") } as unknown as Event);
  });
  return form;
}

function label(id: string, words: string, ...elements: HTMLElement[]): HTMLElement {
  return h("div", { class: "field" }, h("label", { htmlFor: id }, words), ...elements);
}

/** Returns the element for an option, and what reads it; undefined stands for the default. */
function field(option: Option): [HTMLElement, () => unknown] {
  const id = `option-${option.name}`;
  const words = option.name.replaceAll("_", " ");
  const help = option.help ? h("small", { id: `${id}-help` }, option.help) : null;
  const described = help ? { "aria-describedby": help.id } : {};
  if (option.kind === "flag") {
    const box = h("input", { type: "checkbox", id, checked: option.default === true, ...described });
    const element = h("div", { class: "field" }, h("label", { htmlFor: id, class: "inline" }, box, " ", words), ...(help ? [help] : []));
    return [element, () => (box.checked === (option.default === true) ? undefined : box.checked)];
  }
  if (option.kind === "choice") {
    const select = h("select", { id, ...described }, ...option.choices.map((choice) => h("option", { value: choice, selected: choice === option.default }, choice)));
    return [label(id, words, select, ...(help ? [help] : [])), () => (select.value === option.default ? undefined : select.value)];
  }
  const isNumber = option.kind === "integer" || option.kind === "number";
  const input = h("input", {
    id,
    type: isNumber ? "number" : "text",
    step: option.kind === "number" ? "any" : undefined,
    min: option.least ?? undefined,
    placeholder: option.default === null ? "by default" : String(option.default),
    autocomplete: "off",
    ...described,
  });
  const read = () => {
    const text = input.value.trim();
    if (text === "") return undefined;
    if (isNumber) return Number(text);
    return option.repeated ? text.split(/\s*;\s*/) : text;
  };
  return [label(id, words + (option.repeated ? " (several with ; between)" : ""), input, ...(help ? [help] : [])), read];
}
