// Draws planes: points on what the network says, and a grid as a layer has bent it.

import { GRID, REACH, SIDE, type Example } from "./bending";
import { h } from "./dom";

const SIZE = 320;

export class Panel {
  readonly element: HTMLElement;
  /** Called with a place that was clicked, and whether Shift was held. */
  onpoint: ((x: number, y: number, isOther: boolean) => void) | null = null;
  private readonly canvas = h("canvas", { width: SIZE, height: SIZE, role: "img" });
  private readonly context = this.canvas.getContext("2d")!;

  constructor(title: string) {
    this.canvas.setAttribute("aria-label", title);
    this.element = h("figure", {}, h("figcaption", {}, title), this.canvas);
    this.canvas.addEventListener("click", (event) => {
      const place = this.canvas.getBoundingClientRect();
      const x = ((event.clientX - place.left) / place.width) * 2 - 1;
      const y = 1 - ((event.clientY - place.top) / place.height) * 2;
      this.onpoint?.(x * REACH, y * REACH, event.shiftKey);
    });
  }

  /** The plane itself: for each pixel how sure the network is of the second color. */
  drawPlane(says: Float32Array, examples: Example[]): void {
    const both = colors();
    const side = SIZE / SIDE;
    this.clear();
    says.forEach((share, i) => {
      this.context.fillStyle = both[share < 0.5 ? 0 : 1];
      this.context.globalAlpha = 0.08 + 0.6 * Math.abs(share - 0.5);
      this.context.fillRect((i % SIDE) * side, SIZE - (Math.floor(i / SIDE) + 1) * side, side, side);
    });
    this.context.globalAlpha = 1;
    const toCanvas = (x: number, y: number): [number, number] => [((x / REACH + 1) * SIZE) / 2, ((1 - y / REACH) * SIZE) / 2];
    this.dots(examples.map(({ x, y }) => toCanvas(x, y)), examples);
  }

  private clear(): void {
    this.context.fillStyle = color("--card");
    this.context.fillRect(0, 0, SIZE, SIZE);
  }

  /** The grid and the points as a layer has laid them out; with the line that parts them behind the last layer. */
  drawGrid(grid: Float32Array, points: Float32Array, examples: Example[], line: [number, number, number] | null): void {
    const all = points.length ? points : grid;
    const [xs, ys] = [bounds(all, 0), bounds(all, 1)];
    const scale = (0.8 * SIZE) / Math.max(xs[1] - xs[0], ys[1] - ys[0], 1e-6);
    const [middleX, middleY] = [(xs[0] + xs[1]) / 2, (ys[0] + ys[1]) / 2];
    const toCanvas = (x: number, y: number): [number, number] => [SIZE / 2 + (x - middleX) * scale, SIZE / 2 - (y - middleY) * scale];
    const { context } = this;
    this.clear();
    context.strokeStyle = color("--bar");
    context.lineWidth = 1;
    for (let i = 0; i < GRID; i++) {
      context.beginPath();
      for (let j = 0; j < GRID; j++) context.lineTo(...toCanvas(grid[2 * (i * GRID + j)]!, grid[2 * (i * GRID + j) + 1]!));
      context.stroke();
      context.beginPath();
      for (let j = 0; j < GRID; j++) context.lineTo(...toCanvas(grid[2 * (j * GRID + i)]!, grid[2 * (j * GRID + i) + 1]!));
      context.stroke();
    }
    if (line) this.parting(line, toCanvas, [middleX, middleY], SIZE / scale);
    this.dots(examples.map((_, i) => toCanvas(points[2 * i]!, points[2 * i + 1]!)), examples);
  }

  private parting([a, b, c]: [number, number, number], toCanvas: (x: number, y: number) => [number, number], [x, y]: [number, number], reach: number): void {
    const length = Math.hypot(a, b) || 1;
    const offset = (a * x + b * y + c) / (length * length);
    const [footX, footY] = [x - a * offset, y - b * offset];
    this.context.strokeStyle = color("--text");
    this.context.lineWidth = 2;
    this.context.beginPath();
    this.context.moveTo(...toCanvas(footX - (b / length) * reach, footY + (a / length) * reach));
    this.context.lineTo(...toCanvas(footX + (b / length) * reach, footY - (a / length) * reach));
    this.context.stroke();
  }

  private dots(places: [number, number][], examples: Example[]): void {
    const both = colors();
    places.forEach(([x, y], i) => {
      this.context.beginPath();
      this.context.arc(x, y, 3.5, 0, 2 * Math.PI);
      this.context.fillStyle = both[examples[i]!.color];
      this.context.fill();
      this.context.strokeStyle = color("--card");
      this.context.lineWidth = 1;
      this.context.stroke();
    });
  }
}

function bounds(values: Float32Array, axis: 0 | 1): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (let i = axis; i < values.length; i += 2) {
    least = Math.min(least, values[i]!);
    most = Math.max(most, values[i]!);
  }
  return [least, most];
}

const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colors = (): [string, string] => [color("--first"), color("--second")];
