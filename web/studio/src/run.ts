// One training while it goes on; and several beside each other.

import { ask, curvesOf, path, send, watch, type ModelDetails, type Run, type Series, type Summary } from "./api";
import { Chart, type Curve, type Range } from "./charts";
import { action, duration, figure, h } from "./dom";
import { pill } from "./runs";

const DRAWN_ALREADY = "learning-curves.png";
const SPEED = "examples_per_second";
const FINER_AFTER = 120;

export async function runPage(place: HTMLElement, number: number): Promise<() => void> {
  let run = await ask<Run>(path("runs", number));
  let summary: Summary | null = null;
  const title = h("h1", {}, run.name);
  const state = h("p", { class: "state", "aria-live": "polite" });
  const facts = h("dl", { class: "facts" });
  const advice = h("p", { class: "advice", hidden: true });
  const failure = h("p", { class: "failed", hidden: true });
  const plots = new Plots((range, width) => curvesOf(number, width, range));
  const pictures = h("div", { class: "pictures" });
  const log = h("pre", { tabindex: "0", "aria-label": "What the training printed" });
  const away = h("p", { class: "failed", hidden: true }, "The studio does not answer. The training goes on; this page looks again every second.");
  const stop = h("button", { onclick: action(() => send(path("runs", number, "stop"), {})) }, "Stop and keep what was learned");
  const resume = h("button", { onclick: action(async () => { await send(path("runs", number, "resume"), {}); begin(); }) }, "Resume");
  const forget = h("button", { onclick: action(async () => { await ask(path("runs", number), { method: "DELETE" }); location.hash = "#/runs"; }) }, "Forget this run");
  const details = h("details", { ontoggle: () => void readLog() }, h("summary", {}, "What it printed"), log);
  const links = h("p", { class: "buttons" }, stop, resume);
  place.append(title, state, away, failure, links, facts, advice, plots.element, pictures, details, h("p", {}, forget));

  const readLog = async () => {
    if (!details.open) return;
    const answer = await ask<{ text: string }>(path("runs", number, "log")).catch(() => null); // the page tells when it is away
    if (answer) log.textContent = answer.text || "Nothing yet.";
  };
  const update = () => {
    const running = run.state === "running";
    state.replaceChildren(pill(run), ` ${sentence(run, summary)}`);
    stop.hidden = !running || !run.command.length;
    resume.hidden = running || run.state === "done" || !run.command.length;
    forget.hidden = running;
    const failed = run.state === "failed" || run.state === "killed";
    failure.hidden = !failed || !run.message;
    failure.textContent = run.message;
    facts.replaceChildren(...factsOf(run, summary));
    advice.textContent = [summary?.advice, failed ? "" : run.message].filter(Boolean).join("\n");
    advice.hidden = !advice.textContent;
    if (summary?.number) plots.refresh();
    if (run.state === "done" || run.state === "stopped") void showModel(run, links, pictures);
    void readLog();
  };
  let end = () => {};
  const begin = () => {
    end();
    end = watch(number, (newer, more) => { run = newer; summary = more; update(); }, (isAway) => (away.hidden = !isAway));
  };
  update();
  begin();
  return () => end();
}

export async function comparePage(place: HTMLElement, numbers: number[]): Promise<void> {
  const runs = await Promise.all(numbers.map((number) => ask<Run>(path("runs", number))));
  place.append(h("h1", {}, "Compared"), h("p", { class: "quiet" }, "The figures of whole epochs; training dashed, validation drawn through."));
  const plots = new Plots(async (range, width) => {
    const all = await Promise.all(numbers.map((number) => curvesOf(number, width, range, "epoch")));
    return all.flatMap((series, i) => series.map((each) => ({ ...each, run: runs[i]!, color: i })));
  }, ({ run, name }) => `${run!.name} (${run!.id})${name.startsWith("val_") ? "" : ", training"}`);
  place.append(plots.element);
  plots.refresh();
}

type OfRun = Series & { run?: Run; color?: number };

/** A chart a metric, which all look at the same range of epochs. */
class Plots {
  readonly element = h("div", { class: "plots" });
  private readonly charts = new Map<string, Chart>();
  private range: Range | null = null;
  private asking = false;
  private again = false;
  private timer = 0;

  constructor(private readonly ask: (range: Range | null, width: number) => Promise<OfRun[]>, private readonly name?: (series: OfRun) => string) {}

  /** Asks for the curves, and once more where there was something new meanwhile. */
  refresh(): void {
    this.again = this.asking;
    if (this.asking) return;
    this.asking = true;
    const width = Math.max(200, ...[...this.charts.values()].map((chart) => chart.width));
    void this.ask(this.range, width).then((series) => this.draw(series)).catch(() => undefined).finally(() => {
      this.asking = false;
      if (this.again) this.refresh();
    });
  }

  private draw(series: OfRun[]): void {
    const metrics = new Set(series.map(({ name }) => name.replace(/^val_/, "")));
    for (const metric of metrics) {
      const own = series.filter(({ name }) => name.replace(/^val_/, "") === metric);
      let chart = this.charts.get(metric);
      if (!chart) {
        chart = new Chart(metric === SPEED ? "examples a second" : metric);
        chart.onrange = (range) => this.look(range);
        this.charts.set(metric, chart);
        this.element.append(chart.element);
      }
      chart.update(own.map((each) => this.curve(each)).sort((a, b) => a.label.localeCompare(b.label)));
    }
  }

  private curve(series: OfRun): Curve {
    const { name, kind, steps, values, color } = series;
    const label = this.name?.(series) ?? (name.startsWith("val_") ? "validation" : kind === "batch" ? "training" : "training, whole epochs");
    return { label, steps, values, color, dashed: this.name ? !name.startsWith("val_") : kind === "batch" };
  }

  private look(range: Range | null): void {
    this.range = range;
    for (const chart of this.charts.values()) chart.show(range);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.refresh(), FINER_AFTER);
  }
}

function sentence(run: Run, summary: Summary | null): string {
  const took = (run.ended ?? Date.now() / 1000) - run.started;
  const epochs = run.about.epochs;
  if (run.state !== "running") return `after ${duration(took)}`;
  if (!summary?.number || !epochs) return summary?.number ? "" : "starting: reading data and building the network";
  const speed = summary.epochs_per_second;
  const left = speed ? `, about ${duration((epochs - summary.step) / speed)} left` : "";
  return `epoch ${Math.min(epochs, Math.floor(summary.step) + 1)} of ${epochs}${left}`;
}

function factsOf(run: Run, summary: Summary | null): HTMLElement[] {
  const figures = Object.entries(summary?.epoch ?? summary?.batch ?? {}).filter(([name]) => name !== SPEED);
  const facts: [string, string][] = figures.map(([name, value]) => [name, figure(value)]);
  const { samples } = run.about;
  const speed = summary?.batch?.[SPEED] ?? (samples && summary?.epochs_per_second ? samples * summary.epochs_per_second : null);
  if (speed) facts.push(["examples a second", figure(speed)]);
  if (samples) facts.push(["examples", samples.toLocaleString()]);
  return facts.flatMap(([name, value]) => [h("div", {}, h("dt", {}, name), h("dd", {}, value))]);
}

async function showModel(run: Run, links: HTMLElement, pictures: HTMLElement): Promise<void> {
  if (links.querySelector("a") || !run.folder) return;
  const name = run.folder.split(/[\\/]/).at(-1)!;
  const model = await ask<ModelDetails>(path("models", name)).catch(() => null);
  if (!model || links.querySelector("a")) return;
  links.prepend(
    h("a", { class: "button primary", href: `#/try/${encodeURIComponent(name)}` }, "Try it"),
    h("a", { class: "button", href: `#/models/${encodeURIComponent(name)}` }, "Look at the model, take it along"),
  );
  pictures.append(
    ...model.pictures.filter((picture) => picture !== DRAWN_ALREADY).map((picture) => h("figure", {}, h("img", { src: path("models", name, "files", picture), alt: words(picture) }), h("figcaption", {}, words(picture)))),
  );
}

function words(picture: string): string {
  const text = picture.replace(/\.png$/, "").replaceAll(/[-_]/g, " ");
  return text[0]!.toUpperCase() + text.slice(1);
}
