// From a picture to a heat map, and from a heat map to findings: velveteen/recipes/layout/heat.py.

import * as tf from "@tensorflow/tfjs";
import type { Pixels } from "../pictures";

/** A side of a picture up to so many pixels is computed whole; of larger ones tiles, which overlap, and so many rows at a time. */
const [WHOLE, TILE, OVERLAP, STRIP] = [1536, 1024, 128, 4096];
/** Pixels: a smaller spot is noise. */
const LEAST = 30;

/** What the network sees beside the picture, how much of that is around it, and of what it needs its sides to be a multiple. */
export interface Surroundings {
  outside: number;
  border: number;
  multiple: number;
}

/** From which probability the network is believed. */
export interface Thresholds {
  /** A place is listed. */
  unsure: number;
  /** It is sure, where there is a picture alone. */
  sure: number;
  /** What a rule is sure of is sure, when the network marks the same place with so much, as whatever kind. */
  confirms: number;
  /** On a page with a DOM the network is sure alone, where no rule has found anything. */
  certain: number;
}

export interface Spot {
  /** The number of the kind. */
  kind: number;
  /** x, y, width and height. */
  box: [number, number, number, number];
  /** The highest probability in it. */
  score: number;
  sure: boolean;
}

/** Returns the probabilities of each kind in steps of 1/255, [height, width, kinds]. */
export async function heatMap(model: tf.LayersModel, picture: Pixels, around: Surroundings): Promise<Uint8Array> {
  const { width, height } = picture;
  const { border } = around;
  let heat = new Uint8Array();
  for (let top = 0; top < height; top += STRIP) {
    const above = Math.min(top, OVERLAP);
    const bottom = Math.min(top + STRIP + OVERLAP, height);
    const [pixels, rows, columns] = input(picture, top - above, bottom, around);
    const tile = [rows, columns].map((side) => (side <= WHOLE ? side : TILE - (TILE % around.multiple))) as [number, number];
    const probabilities = await predictTiles(model, pixels, rows, columns, tile, Math.min(OVERLAP, Math.floor(Math.min(...tile) / 2)));
    const kinds = probabilities.length / (rows * columns);
    if (!heat.length) heat = new Uint8Array(width * height * kinds);
    for (let row = top; row < Math.min(top + STRIP, height); row++) {
      const start = ((row - top + above + border) * columns + border) * kinds;
      for (let i = 0; i < width * kinds; i++) heat[row * width * kinds + i] = Math.round(probabilities[start + i]! * 255);
    }
  }
  return heat;
}

/** Returns rows of a picture on white as the network takes them, from 0 to 1 with a border, and how many rows and columns that are. */
function input({ data, width }: Pixels, top: number, bottom: number, { outside, border, multiple }: Surroundings): [Float32Array, number, number] {
  const [rows, columns] = [bottom - top, width].map((side) => Math.ceil((side + 2 * border) / multiple) * multiple) as [number, number];
  const pixels = new Float32Array(rows * columns * 3).fill(outside);
  for (let row = top; row < bottom; row++) {
    for (let column = 0; column < width; column++) {
      const from = 4 * (row * width + column);
      const to = 3 * ((row - top + border) * columns + column + border);
      const opacity = data[from + 3]! / 255;
      for (let channel = 0; channel < 3; channel++) pixels[to + channel] = Math.round(data[from + channel]! * opacity + 255 * (1 - opacity)) / 255;
    }
  }
  return [pixels, rows, columns];
}

/** Computes a picture in overlapping tiles, which fade into each other, as velveteen/models/tiling.py does. */
async function predictTiles(model: tf.LayersModel, pixels: Float32Array, height: number, width: number, tile: [number, number], overlap: number): Promise<Float32Array> {
  const [tops, lefts] = [places(height, tile[0], overlap), places(width, tile[1], overlap)];
  let [total, kinds] = [new Float32Array(), 0];
  const whole = tf.tensor4d(pixels, [1, height, width, 3]);
  try {
    for (const top of tops) {
      for (const left of lefts) {
        const output = tf.tidy(() => model.predict(whole.slice([0, top, left, 0], [1, tile[0], tile[1], 3])) as tf.Tensor4D);
        kinds = output.shape[3];
        const answer = (await output.data()) as Float32Array;
        output.dispose();
        if (tops.length * lefts.length === 1) return answer;
        if (!total.length) total = new Float32Array(height * width * (kinds + 1)); // the last one adds up the shares
        const rows = shares(tile[0], overlap, top > 0, top < tops.at(-1)!);
        const columns = shares(tile[1], overlap, left > 0, left < lefts.at(-1)!);
        for (let row = 0; row < tile[0]; row++) {
          for (let column = 0; column < tile[1]; column++) {
            const share = rows[row]! * columns[column]!;
            const [from, to] = [(row * tile[1] + column) * kinds, ((top + row) * width + left + column) * (kinds + 1)];
            for (let kind = 0; kind < kinds; kind++) total[to + kind]! += answer[from + kind]! * share;
            total[to + kinds]! += share;
          }
        }
      }
    }
  } finally {
    whole.dispose();
  }
  return Float32Array.from({ length: height * width * kinds }, (_, i) => {
    const pixel = Math.floor(i / kinds) * (kinds + 1);
    return total[pixel + (i % kinds)]! / total[pixel + kinds]!;
  });
}

/** Returns where along an axis the tiles begin; the last one ends with the picture. */
function places(length: number, size: number, overlap: number): number[] {
  const found = [];
  for (let place = 0; place < length - size; place += size - overlap) found.push(place);
  return [...found, length - size];
}

/** Returns what each place along a tile's axis counts, from 0 to 1; towards a neighbour it fades. */
function shares(size: number, overlap: number, hasBefore: boolean, hasAfter: boolean): number[] {
  const faded = (distance: number) => Math.min(Math.max((distance - overlap / 4) / (overlap / 2), 0), 1);
  return Array.from({ length: size }, (_, i) => Math.min(hasBefore ? faded(i + 0.5) : 1, hasAfter ? faded(size - i - 0.5) : 1));
}

/** Returns the places that a heat map marks: those over the lower threshold of each kind; null leaves a kind out. */
export function spots(heat: Uint8Array, width: number, height: number, thresholds: (Thresholds | null)[]): Spot[] {
  const kinds = thresholds.length;
  return thresholds.flatMap((limits, kind) => {
    if (!limits) return [];
    const { unsure, sure } = limits;
    return components(width, height, (place) => heat[place * kinds + kind]! >= unsure * 255)
      .filter((part) => part.count >= LEAST)
      .map((part) => {
        const score = highest(heat, width, kinds, kind, part) / 255;
        return { kind, box: [part.left, part.top, part.right - part.left, part.bottom - part.top] as Spot["box"], score, sure: score >= sure };
      });
  });
}

function highest(heat: Uint8Array, width: number, kinds: number, kind: number, { left, top, right, bottom }: Part): number {
  let most = 0;
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) most = Math.max(most, heat[(row * width + column) * kinds + kind]!);
  }
  return most;
}

/** Pixels between what the network marks and what a rule finds, when both mean the same. */
const NEAR = 12;

/** Returns the highest probability of any kind at a box, or near it. */
export function support(heat: Uint8Array, width: number, height: number, box: [number, number, number, number]): number {
  const kinds = heat.length / (width * height);
  const [x, y, wide, high] = box.map(Math.round) as typeof box;
  let most = 0;
  for (let row = Math.max(0, y - NEAR); row < Math.min(height, y + high + NEAR); row++) {
    const [left, right] = [Math.max(0, x - NEAR), Math.min(width, x + wide + NEAR)];
    for (let i = (row * width + left) * kinds; i < (row * width + right) * kinds; i++) most = Math.max(most, heat[i]!);
  }
  return most / 255;
}

/** Whether two boxes are so near that they mean the same. */
export function isNear(a: [number, number, number, number], b: [number, number, number, number]): boolean {
  return ([0, 1] as const).every((side) => a[side] < b[side] + b[side + 2]! + NEAR && b[side] < a[side] + a[side + 2]! + NEAR);
}

interface Part {
  left: number;
  top: number;
  right: number;
  bottom: number;
  count: number;
}

/** Returns the connected parts of a mask, joined at corners too; right and bottom are not included. */
export function components(width: number, height: number, isMarked: (place: number) => boolean): Part[] {
  const runs: { row: number; start: number; end: number; parent: number }[] = [];
  const root = (run: number): number => {
    while (runs[run]!.parent !== run) run = runs[run]!.parent = runs[runs[run]!.parent]!.parent;
    return run;
  };
  let above = 0; // the first run of the row above that can still touch one of this row
  let thisRow = 0;
  for (let row = 0; row < height; row++) {
    const rowAbove = thisRow;
    thisRow = runs.length;
    above = rowAbove;
    for (let column = 0; column < width; column++) {
      if (!isMarked(row * width + column)) continue;
      const [number, start] = [runs.length, column];
      while (column < width && isMarked(row * width + column)) column++;
      runs.push({ row, start, end: column, parent: number });
      while (above < thisRow && runs[above]!.end < start) above++;
      for (let other = above; other < thisRow && runs[other]!.start <= column; other++) runs[root(number)]!.parent = root(other);
    }
  }
  const parts = new Map<number, Part>();
  for (const [number, { row, start, end }] of runs.entries()) {
    const part = parts.get(root(number)) ?? { left: start, top: row, right: end, bottom: row + 1, count: 0 };
    parts.set(root(number), {
      left: Math.min(part.left, start), top: Math.min(part.top, row), right: Math.max(part.right, end),
      bottom: Math.max(part.bottom, row + 1), count: part.count + end - start,
    });
  }
  return [...parts.values()];
}
