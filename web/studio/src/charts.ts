// Curves over epochs, drawn by uPlot in the colors of the page.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { figure, h } from "./dom";

export interface Curve {
  label: string;
  steps: number[];
  values: (number | null)[];
  dashed?: boolean;
  /** Which of the colors; by default that of its place. */
  color?: number;
}

export type Range = [first: number, last: number];

const COLORS = ["--curve-1", "--curve-2", "--curve-3", "--curve-4", "--curve-5", "--curve-6"];
const HEIGHT = 220;
const WHEEL = 1.25;

/** Draws curves, which `update` replaces. The element says the last values in words too. */
export class Chart {
  readonly element: HTMLElement;
  /** Called when somebody looks at a range of epochs, or (null) at all of them again. */
  onrange: (range: Range | null) => void = () => {};
  private plot: uPlot | null = null;
  private shown: string[] = [];
  private latest: Curve[] | null = null;
  private whole: Range = [0, 1];
  private range: Range | null = null;
  private readonly place: HTMLElement;
  private readonly words = h("p", { class: "visually-hidden" });

  constructor(title: string) {
    this.place = h("div", { class: "plot", tabindex: "0", role: "group", "aria-label": `${title}: drag or turn the wheel to look closer, arrow keys, + and − do so too; 0 shows all` });
    this.element = h("figure", { class: "chart" }, h("figcaption", {}, title), this.place, this.words);
    new ResizeObserver(() => requestAnimationFrame(() => this.plot?.setSize(this.size()))).observe(this.place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.shown = [];
      if (this.latest) this.update(this.latest);
    });
    this.place.addEventListener("wheel", (event) => this.turned(event), { passive: false });
    this.place.addEventListener("keydown", (event) => this.pressed(event));
  }

  /** How many points one can tell apart. */
  get width(): number {
    return this.size().width;
  }

  update(curves: Curve[]): void {
    this.latest = curves;
    const data = aligned(curves);
    const labels = curves.map((curve) => curve.label);
    if (labels.join("\n") !== this.shown.join("\n")) {
      this.plot?.destroy();
      this.plot = new uPlot(this.options(curves), data, this.place);
      this.shown = labels;
      if (this.range) this.scale();
    } else {
      this.plot?.setData(data, !this.range);
      if (this.range) this.scale();
    }
    const steps = data[0];
    if (!this.range && steps.length) this.whole = [steps[0]!, steps[steps.length - 1]!];
    this.words.textContent = curves.map((curve) => `${curve.label}: ${figure(curve.values.at(-1))}`).join(", ");
  }

  /** Shows a range of epochs with what is there, at once; finer curves may come later. */
  show(range: Range | null): void {
    this.range = range;
    if (range) this.scale();
    else if (this.latest) this.plot?.setData(aligned(this.latest));
  }

  private scale(): void {
    this.plot?.setScale("x", { min: this.range![0], max: this.range![1] });
  }

  /** Looks at a part that is so much longer or shorter, with one place staying where it is; then moved by a share of it. */
  private look(factor: number, at = 0.5, by = 0): void {
    const [first, last] = this.range ?? this.whole;
    const length = (last - first) * factor;
    const start = first + (last - first) * at - length * at + by * (last - first);
    const [least, most] = this.whole;
    if (length >= most - least) this.onrange(null);
    else if (length > 0.01) {
      const inside = Math.min(Math.max(start, least), most - length);
      this.onrange([inside, inside + length]);
    }
  }

  private turned(event: WheelEvent): void {
    if (!this.plot) return;
    event.preventDefault();
    const box = this.plot.over.getBoundingClientRect();
    const at = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) this.look(1, 0.5, (event.deltaX || event.deltaY) / box.width);
    else this.look(event.deltaY > 0 ? WHEEL : 1 / WHEEL, at);
  }

  private pressed(event: KeyboardEvent): void {
    const keys: Record<string, () => void> = {
      ArrowLeft: () => this.look(1, 0.5, -0.2), ArrowRight: () => this.look(1, 0.5, 0.2),
      "+": () => this.look(1 / WHEEL), "-": () => this.look(WHEEL), "0": () => this.onrange(null),
    };
    if (!(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]!();
  }

  private size() {
    return { width: Math.max(200, this.place.clientWidth), height: HEIGHT };
  }

  private options(curves: Curve[]): uPlot.Options {
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line"), width: 1 } };
    return {
      ...this.size(),
      scales: { x: { time: false } },
      legend: { live: true },
      cursor: { y: false, drag: { x: true, y: false, setScale: false } },
      hooks: {
        setSelect: [(plot) => {
          if (plot.select.width < 4) return;
          this.onrange([plot.posToVal(plot.select.left, "x"), plot.posToVal(plot.select.left + plot.select.width, "x")]);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        }],
        ready: [(plot) => plot.over.addEventListener("dblclick", () => this.onrange(null))],
      },
      axes: [
        { ...axis, label: "epochs", labelSize: 22, size: 34 },
        { ...axis, size: 58, values: (_, ticks) => ticks.map((tick) => Number(tick.toPrecision(4)).toString()) },
      ],
      series: [
        { label: "epochs", value: (_, value) => (value === null ? "–" : value.toFixed(2)) },
        ...curves.map((curve, index) => ({
          label: curve.label,
          stroke: color(COLORS[(curve.color ?? index) % COLORS.length]!),
          width: 2,
          dash: curve.dashed ? [6, 4] : undefined,
          points: { show: curve.steps.length < 40 },
          value: (_: uPlot, value: number | null) => figure(value),
        })),
      ],
    };
  }
}

/** All curves on one axis, as uPlot wants them: null where a figure was no number, undefined where a curve has no point. */
function aligned(curves: Curve[]): uPlot.AlignedData {
  const places = [...new Set(curves.flatMap((curve) => curve.steps))].sort((a, b) => a - b);
  const columns = curves.map(({ steps, values }) => {
    const found = new Map(steps.map((step, i) => [step, values[i]]));
    return places.map((x) => found.get(x));
  });
  return [places, ...columns] as uPlot.AlignedData;
}

/** A histogram as a small picture; `counts` from the least value to the most. */
export function histogram(counts: number[], words: string): SVGElement {
  const highest = Math.max(1, ...counts);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${counts.length} 20`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "histogram");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", words);
  counts.forEach((count, place) => {
    const height = (20 * count) / highest;
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [name, value] of Object.entries({ x: place, y: 20 - height, width: 0.9, height })) bar.setAttribute(name, String(value));
    svg.append(bar);
  });
  return svg;
}
