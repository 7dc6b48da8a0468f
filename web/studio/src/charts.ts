// Curves over epochs, drawn by uPlot in the colors of the page.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { figure, h } from "./dom";

export interface Curve {
  label: string;
  points: [epochs: number, value: number | null][];
  dashed?: boolean;
}

const COLORS = ["--curve-1", "--curve-2", "--curve-3", "--curve-4", "--curve-5", "--curve-6"];

/** Draws curves, which `update` replaces. The element says the last values in words too. */
export class Chart {
  readonly element: HTMLElement;
  private plot: uPlot | null = null;
  private shown: string[] = [];
  private readonly place = h("div", { class: "plot" });
  private readonly words = h("p", { class: "visually-hidden" });

  constructor(title: string) {
    this.element = h("figure", { class: "chart" }, h("figcaption", {}, title), this.place, this.words);
    new ResizeObserver(() => requestAnimationFrame(() => this.plot?.setSize(this.size()))).observe(this.place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.shown = [];
      if (this.latest) this.update(this.latest);
    });
  }

  private latest: Curve[] | null = null;

  update(curves: Curve[]): void {
    this.latest = curves;
    const data = aligned(curves);
    const labels = curves.map((curve) => curve.label);
    if (labels.join("\n") !== this.shown.join("\n")) {
      this.plot?.destroy();
      this.plot = new uPlot(this.options(curves), data, this.place);
      this.shown = labels;
    } else {
      this.plot?.setData(data);
    }
    this.words.textContent = curves.map((curve) => `${curve.label}: ${figure(curve.points.at(-1)?.[1])}`).join(", ");
  }

  private size() {
    return { width: Math.max(200, this.place.clientWidth), height: 220 };
  }

  private options(curves: Curve[]): uPlot.Options {
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line"), width: 1 } };
    return {
      ...this.size(),
      scales: { x: { time: false } },
      legend: { live: true },
      cursor: { y: false },
      axes: [
        { ...axis, label: "epochs", labelSize: 22, size: 34 },
        { ...axis, size: 58, values: (_, ticks) => ticks.map((tick) => Number(tick.toPrecision(4)).toString()) },
      ],
      series: [
        { label: "epochs", value: (_, value) => (value === null ? "–" : value.toFixed(2)) },
        ...curves.map((curve, index) => ({
          label: curve.label,
          stroke: color(COLORS[index % COLORS.length]!),
          width: 2,
          dash: curve.dashed ? [6, 4] : undefined,
          spanGaps: true,
          points: { show: curve.points.length < 40 },
          value: (_: uPlot, value: number | null) => figure(value),
        })),
      ],
    };
  }
}

/** All curves on one axis, as uPlot wants them. */
function aligned(curves: Curve[]): uPlot.AlignedData {
  const places = [...new Set(curves.flatMap((curve) => curve.points.map(([x]) => x)))].sort((a, b) => a - b);
  const columns = curves.map((curve) => {
    const values = new Map(curve.points);
    return places.map((x) => values.get(x));
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
