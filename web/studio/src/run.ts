// One training while it goes on; and several beside each other.

import { ask, path, send, watch, type ModelDetails, type Point, type Run } from "./api";
import { Chart, type Curve } from "./charts";
import { action, duration, figure, h } from "./dom";
import { pill } from "./runs";

const CLIMBS = 3;
const DRAWN_ALREADY = "learning-curves.png";

export async function runPage(place: HTMLElement, number: number): Promise<() => void> {
  let run = await ask<Run>(path("runs", number));
  let points: Point[] = [];
  const charts = new Map<string, Chart>();
  const title = h("h1", {}, run.name);
  const state = h("p", { class: "state", "aria-live": "polite" });
  const facts = h("dl", { class: "facts" });
  const advice = h("p", { class: "advice", hidden: true });
  const failure = h("p", { class: "failed", hidden: true });
  const plots = h("div", { class: "plots" });
  const pictures = h("div", { class: "pictures" });
  const log = h("pre", { tabindex: "0", "aria-label": "What the training printed" });
  const away = h("p", { class: "failed", hidden: true }, "The studio does not answer. The training goes on; this page looks again every second.");
  const stop = h("button", { onclick: action(() => send(path("runs", number, "stop"), {})) }, "Stop and keep what was learned");
  const resume = h("button", { onclick: action(async () => { await send(path("runs", number, "resume"), {}); begin(); }) }, "Resume");
  const forget = h("button", { onclick: action(async () => { await ask(path("runs", number), { method: "DELETE" }); location.hash = "#/runs"; }) }, "Forget this run");
  const details = h("details", { ontoggle: () => void readLog() }, h("summary", {}, "What it printed"), log);
  place.append(title, state, away, failure, h("p", { class: "buttons" }, stop, resume, forget), facts, advice, plots, pictures, details);

  const readLog = async () => {
    if (!details.open) return;
    const answer = await ask<{ text: string }>(path("runs", number, "log")).catch(() => null); // the page tells when it is away
    if (answer) log.textContent = answer.text;
  };
  const update = () => {
    const running = run.state === "running";
    state.replaceChildren(pill(run), ` ${sentence(run, points)}`);
    stop.hidden = !running || !run.command.length;
    resume.hidden = running || run.state === "done" || !run.command.length;
    forget.hidden = running;
    failure.hidden = !run.message;
    failure.textContent = run.message;
    facts.replaceChildren(...factsOf(run, points));
    advice.textContent = adviceOf(points);
    advice.hidden = !advice.textContent;
    for (const [metric, curves] of curvesOf(points)) {
      let chart = charts.get(metric);
      if (!chart) {
        chart = new Chart(metric);
        charts.set(metric, chart);
        plots.append(chart.element);
      }
      chart.update(curves);
    }
    if (run.state === "done" || run.state === "stopped") void showModel(run, pictures);
    void readLog();
  };
  let end = () => {};
  const begin = () => {
    end();
    points = [];
    end = watch(number, (newer, more) => { run = newer; points = points.concat(more); update(); }, (isAway) => (away.hidden = !isAway));
  };
  update();
  begin();
  return () => end();
}

export async function comparePage(place: HTMLElement, numbers: number[]): Promise<void> {
  const runs = await Promise.all(numbers.map((number) => ask<Run>(path("runs", number))));
  const all = await Promise.all(numbers.map((number) => ask<Point[]>(path("runs", number, "points"))));
  place.append(h("h1", {}, "Compared"), h("p", { class: "quiet" }, "The figures of whole epochs; training dashed, validation drawn through."));
  const epochs = all.map((points) => points.filter((point) => point.kind === "epoch"));
  const metrics = new Set(epochs.flat().flatMap((point) => Object.keys(point.figures).map((name) => name.replace(/^val_/, ""))));
  const plots = h("div", { class: "plots" });
  place.append(plots);
  for (const metric of metrics) {
    const curves = runs.flatMap((run, place) => [
      curve(`${run.name} (${run.id})`, epochs[place]!, `val_${metric}`),
      curve(`${run.name} (${run.id}), training`, epochs[place]!, metric, true),
    ]);
    const chart = new Chart(metric);
    plots.append(chart.element);
    chart.update(curves.filter((each) => each.points.length > 0));
  }
}

function curve(label: string, points: Point[], figureName: string, dashed = false): Curve {
  const found = points.filter((point) => figureName in point.figures);
  return { label, dashed, points: found.map((point) => [point.step, point.figures[figureName] ?? null]) };
}

/** The curves by metric: training while it goes on, training and validation by epoch. */
function curvesOf(points: Point[]): Map<string, Curve[]> {
  const batches = points.filter((point) => point.kind === "batch");
  const epochs = points.filter((point) => point.kind === "epoch");
  const names = new Set([...batches, ...epochs].flatMap((point) => Object.keys(point.figures).map((name) => name.replace(/^val_/, ""))));
  const found = new Map<string, Curve[]>();
  for (const name of names) {
    const curves = [curve("training", batches, name, true), curve("training, whole epochs", epochs, name), curve("validation", epochs, `val_${name}`)];
    found.set(name === "examples_per_second" ? "examples a second" : name, curves.filter((each) => each.points.length > 0));
  }
  return found;
}

function sentence(run: Run, points: Point[]): string {
  const took = (run.ended ?? Date.now() / 1000) - run.started;
  const epochs = run.about.epochs;
  const done = points.at(-1)?.step ?? 0;
  if (run.state !== "running") return `after ${duration(took)}`;
  if (!epochs || done === 0) return points.length ? "" : "starting: reading data and building the network";
  const since = points.find((point) => point.step > 0)!;
  const speed = (done - since.step) / Math.max(1e-9, points.at(-1)!.seconds - since.seconds);
  const left = speed > 0 ? `, about ${duration((epochs - done) / speed)} left` : "";
  return `epoch ${Math.min(epochs, Math.floor(done) + 1)} of ${epochs}${left}`;
}

function factsOf(run: Run, points: Point[]): HTMLElement[] {
  const last = points.filter((point) => point.kind === "epoch").at(-1) ?? points.at(-1);
  const speed = points.filter((point) => point.kind === "batch").at(-1)?.figures.examples_per_second;
  const facts: [string, string][] = Object.entries(last?.figures ?? {})
    .filter(([name]) => name !== "examples_per_second")
    .map(([name, value]) => [name, figure(value)]);
  if (speed) facts.push(["examples a second", figure(speed)]);
  if (run.about.samples) facts.push(["examples", run.about.samples.toLocaleString()]);
  return facts.flatMap(([name, value]) => [h("div", {}, h("dt", {}, name), h("dd", {}, value))]);
}

/** What the validation loss tells, in plain words: as velveteen's OverfittingAdvice in the terminal. */
function adviceOf(points: Point[]): string {
  const epochs = points.filter((point) => point.kind === "epoch" && point.figures.val_loss != null);
  let climbed = 0;
  for (let place = 1; place < epochs.length; place++) {
    const [before, now] = [epochs[place - 1]!.figures, epochs[place]!.figures];
    climbed = now.loss! < before.loss! && now.val_loss! > before.val_loss! ? climbed + 1 : 0;
    if (climbed === CLIMBS) {
      return (
        `From epoch ${place - CLIMBS + 2} on the validation loss climbs while the training loss falls: the network learns its examples by heart ` +
        "(overfitting). What helps: more or augmented data, dropout, batch normalization, a smaller network, or stopping there."
      );
    }
  }
  return "";
}

async function showModel(run: Run, pictures: HTMLElement): Promise<void> {
  if (pictures.childElementCount || !run.folder) return;
  const name = run.folder.split(/[\\/]/).at(-1)!;
  const model = await ask<ModelDetails>(path("models", name)).catch(() => null);
  if (!model || pictures.childElementCount) return;
  pictures.append(
    h("p", { class: "buttons" }, h("a", { class: "button", href: `#/models/${encodeURIComponent(name)}` }, "Look at the model"), h("a", { class: "button", href: `#/try/${encodeURIComponent(name)}` }, "Try it")),
    ...model.pictures.filter((picture) => picture !== DRAWN_ALREADY).map((picture) => h("figure", {}, h("img", { src: path("models", name, "files", picture), alt: words(picture) }), h("figcaption", {}, words(picture)))),
  );
}

function words(picture: string): string {
  const text = picture.replace(/\.png$/, "").replaceAll(/[-_]/g, " ");
  return text[0]!.toUpperCase() + text.slice(1);
}
