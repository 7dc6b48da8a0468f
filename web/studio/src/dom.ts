// Elements in one line each, and the few things that every page says.

type Child = Node | string | number | null | undefined | false;
type Properties = Record<string, unknown>;

/** Makes an element. Keys that begin with "on" are listeners, those with a dash attributes, others properties. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: (Child | Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value as EventListener);
    else if (key === "style" || key.includes("-") || !(key in element)) element.setAttribute(key, String(value));
    else (element as unknown as Properties)[key] = value;
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(typeof child === "number" ? String(child) : child);
    }
  }
  return element;
}

/** Tells something for a few seconds, to screen readers too. */
export function notice(words: string): void {
  const line = h("p", {}, words);
  document.getElementById("notices")!.append(line);
  setTimeout(() => line.remove(), 8000);
}

/** Runs what a button does; while it runs the button waits, and an error is told. */
export function action(work: () => Promise<unknown>): (event: Event) => void {
  return async (event) => {
    const button = event.currentTarget as HTMLButtonElement | null;
    if (button) button.disabled = true;
    try {
      await work();
    } catch (error) {
      notice(error instanceof Error ? error.message : String(error));
    } finally {
      if (button) button.disabled = false;
    }
  };
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(0)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

export function bytes(count: number): string {
  return count < 1e5 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}

export function when(seconds: number): string {
  return new Date(seconds * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** A figure with as many digits as one reads. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(1);
  if (Math.abs(value) < 10) return value.toFixed(4);
  return value.toLocaleString(undefined, { maximumFractionDigits: Math.abs(value) < 100 ? 1 : 0 });
}
