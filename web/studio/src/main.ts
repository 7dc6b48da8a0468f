// Which page is shown: the part of the address behind the #.

import "./style.css";
import { h } from "./dom";

/** Fills the page, and may return what ends it. */
export type Page = (place: HTMLElement, rest: string[]) => Promise<(() => void) | void>;

const PAGES: Record<string, { title: string; load: () => Promise<{ page: Page }> }> = {
  runs: { title: "Runs", load: () => import("./runs") },
  models: { title: "Models", load: () => import("./models") },
  try: { title: "Try it", load: () => import("./try") },
  teach: { title: "Teach", load: () => import("./teach") },
  watch: { title: "Watch it learn", load: () => import("./learning") },
};

const content = document.getElementById("content")!;
const nav = document.querySelector("nav")!;
const links = Object.entries(PAGES).map(([name, { title }]) => {
  const link = h("a", { href: `#/${name}` }, title);
  nav.append(link);
  return [name, link] as const;
});
let leave: (() => void) | void;
let shown = 0;

async function show(): Promise<void> {
  const [name = "runs", ...rest] = location.hash.replace(/^#\//, "").split("/").map(decodeURIComponent);
  const chosen = PAGES[name] ?? PAGES.runs!;
  const number = ++shown;
  for (const [page, link] of links) {
    if (page === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  leave?.();
  leave = undefined;
  document.title = `${chosen.title} · velveteen studio`;
  const place = h("div", { class: `page ${name}` });
  try {
    const { page } = await chosen.load();
    const ending = await page(place, rest);
    if (number !== shown) {
      ending?.();
      return;
    }
    leave = ending;
  } catch (error) {
    place.replaceChildren(h("h1", {}, "That did not work"), h("p", { class: "failed" }, error instanceof Error ? error.message : String(error)));
  }
  content.replaceChildren(place);
}

addEventListener("hashchange", () => void show());
document.querySelector(".skip")!.addEventListener("click", (event) => {
  event.preventDefault(); // the part behind the # says which page is shown
  content.focus();
});
void show();
