// Code that is laid out anew, with what changed.

import { action, h } from "./dom";
import type { Trial, Trying } from "./try";
import { useWasm } from "./wasm";
import type { Formatter } from "../../recipes/src/index";

const NAMES: Record<string, string> = { javascript: "JavaScript", typescript: "TypeScript", tsx: "TypeScript with TSX", css: "CSS", json: "JSON", python: "Python", go: "Go" };

const EXAMPLES: Record<string, string> = {
  javascript: 'import {open,close} from "door"\nexport const visit=async(guest,{late=false,...rest})=>{if(late){return null}\n const rooms=await open(guest,rest).then(found=>found.filter(room=>!room.isTaken).map(room=>room.number))\nreturn rooms.length?rooms[0]:close(guest)}\n',
  css: "@media (max-width:600px){.card,.card > h2{margin:0 auto!important;color:#333}\n}\na:hover{color:teal}\n",
  typescript: "interface Guest{name:string;late?:boolean}\nexport const visit=(guest:Guest):string=>guest.late?'closed':`come in, ${guest.name}`\n",
  json: '{"name":"velveteen","sizes":[1,2,3],"made":{"by":"hand","in":["wool","silk"]},"empty":{}}\n',
  python: 'import os,sys\ndef visit(guest,late = False,**rest):\n  if late:return None\n  return [room for room in open_house(guest,where=os.environ.get("HOUSE","here"),**rest) if room.free]\n',
};

export const formatterTrial: Trial = async (place, models) => {
  const [{ Formatter, guessLanguage }, { diffLines }, restore] = await Promise.all([import("../../recipes/src/index"), import("diff"), useWasm()]);
  const loaded = new Map<Trying, Promise<Formatter>>();
  const modelOf = (language: string) => models.find((model) => model.languages.includes(language));
  const languages = Object.keys(NAMES).filter((each) => modelOf(each));

  const language = h("select", { id: "language", onchange: () => tell("") },
    h("option", { value: "" }, "Guess it"), ...languages.map((each) => h("option", { value: each }, NAMES[each] ?? each)));
  const code = h("textarea", { id: "code", rows: 14, spellcheck: false, autocapitalize: "off", "aria-describedby": "code-help", value: EXAMPLES[languages[0]!] ?? "" });
  const told = h("p", { role: "status", class: "told" });
  const result = h("pre", { tabindex: "0", "aria-label": "Formatted code", class: "code" });
  const difference = h("pre", { tabindex: "0", "aria-label": "What changed", class: "code diff" });
  const copy = h("button", { hidden: true, onclick: action(async () => {
    await navigator.clipboard.writeText(result.textContent ?? "");
    tell("Copied.");
  }) }, "Copy");
  const answer = h("div", { class: "beside", hidden: true },
    h("section", {}, h("h2", {}, "Formatted"), result), h("section", {}, h("h2", {}, "What changed"), difference));
  const tell = (words: string, failed = false) => {
    told.textContent = words;
    told.classList.toggle("failed", failed);
  };

  const format = action(async () => {
    if (!code.value.trim()) return tell("There is no code yet. Paste some.", true);
    tell("Formatting …");
    const chosen = language.value || (await guessLanguage(code.value));
    const model = chosen && modelOf(chosen);
    if (!model) {
      answer.hidden = copy.hidden = true;
      const known = languages.map((each) => NAMES[each] ?? each).join(", ");
      return tell(chosen ? `This looks like ${NAMES[chosen] ?? chosen}, which no model here has learned. Known: ${known}.` : `This is in no language that is known here (${known}). Choose one, and it says where it stops.`, true);
    }
    if (!loaded.has(model)) loaded.set(model, Formatter.load(model.address));
    const began = performance.now();
    const { text, error, edits } = await (await loaded.get(model)!).format(code.value, chosen);
    answer.hidden = copy.hidden = error !== null;
    const name = NAMES[chosen] ?? chosen;
    if (error !== null) return tell(`${name}: ${error}`, true);
    result.textContent = text;
    difference.replaceChildren(...lines(diffLines(code.value, text)));
    const places = edits.length === 1 ? "1 place" : `${edits.length} places`;
    tell(edits.length ? `${name}: white space changed in ${places}, and nothing else, in ${(performance.now() - began).toFixed(0)} ms.` : `${name}: nothing to change.`);
  });
  const go = h("button", { class: "primary", onclick: format }, "Format");
  code.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) go.click();
  });
  code.addEventListener("dragover", (event) => event.preventDefault());
  code.addEventListener("drop", (event) => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    void file.text().then((text) => (code.value = text));
  });
  place.append(
    h("div", { class: "field" }, h("label", { htmlFor: "code" }, "Code"), code),
    h("p", { id: "code-help", class: "quiet" }, "Paste code, or drop a file. Ctrl+Enter formats it."),
    h("p", { class: "buttons" }, h("span", {}, h("label", { htmlFor: "language" }, "Language "), language), go, copy),
    told,
    answer,
  );
  return () => {
    for (const formatter of loaded.values()) void formatter.then((each) => each.dispose());
    restore();
  };
};

/** The lines of a difference, each with a sign before it. */
function lines(changes: { value: string; added?: boolean; removed?: boolean }[]): HTMLElement[] {
  return changes.flatMap(({ value, added, removed }) => {
    const [sign, kind] = added ? ["+", "added"] : removed ? ["−", "removed"] : [" ", ""];
    return value.replace(/\n$/, "").split("\n").map((line) => h("span", { class: `line ${kind}` }, `${sign} ${line}\n`));
  });
}
