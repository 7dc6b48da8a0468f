// Finds broken layout in pictures of pages, with no reference picture.

import type { LayersModel } from "@tensorflow/tfjs";
import { heatMap, spots, type Surroundings, type Thresholds } from "./layout/heat";
import { KINDS } from "./layout/kinds";
import { load, type Origin } from "./model";
import type { Pixels } from "./pictures";

export interface Finding {
  /** One of "text-overflow", "text-clipped", "overlap", "out-of-viewport", "broken-image", "collapsed", "misaligned", "unstyled". */
  kind: string;
  /** Whether it is over the upper of its kind's two thresholds. */
  sure: boolean;
  /** x, y, width and height in pixels of the picture. */
  box: [number, number, number, number];
  /** The highest probability in it. */
  score: number;
}

export interface Found {
  findings: Finding[];
  /** The probability of each kind at each pixel in steps of 1/255, [height, width, kinds]. */
  heat: Uint8Array;
}

export interface Look {
  /** Which kinds to look for; by default all. */
  kinds?: string[];
  /** From which probability a finding is sure; by default the model knows it for each kind. */
  threshold?: number;
}

interface Metadata {
  kinds: string[];
  thresholds: Record<string, number[]>;
  multiple: number;
  input: { outside: number; border: number };
}

/** A threshold that no probability reaches. */
const NEVER = 1.1;

export class Layout {
  /** What the model finds. */
  readonly kinds: string[];
  /** From which probabilities it is believed, for each kind. */
  readonly thresholds: Record<string, Thresholds>;
  private readonly surroundings: Surroundings;

  private constructor(private readonly model: LayersModel, metadata: Metadata) {
    this.kinds = metadata.kinds;
    this.thresholds = Object.fromEntries(this.kinds.map((kind) => {
      const [unsure = 0.5, sure = 0.8, confirms = 0, certain = NEVER] = metadata.thresholds[kind] ?? [];
      return [kind, { unsure, sure, confirms, certain }];
    }));
    this.surroundings = { ...metadata.input, multiple: metadata.multiple };
  }

  /** Loads what `velveteen layout train` wrote. */
  static async load(origin: Origin): Promise<Layout> {
    const { model, metadata } = await load(origin, "layout");
    return new Layout(model, metadata as unknown as Metadata);
  }

  /** Returns what is broken in a picture of a page that has a pixel for each CSS pixel; and its heat map. */
  async find(picture: Pixels, look: Look = {}): Promise<Found> {
    const { width, height, data } = picture;
    if (!(width > 0 && height > 0) || data.length !== 4 * width * height) throw new Error(`A picture of ${width} × ${height} pixels has four bytes for each, but got ${data.length}.`);
    const unknown = look.kinds?.find((kind) => !this.kinds.includes(kind));
    if (unknown !== undefined) throw new Error(`There is no kind "${unknown}". Known: ${this.kinds.join(", ")}.`);
    const heat = await heatMap(this.model, picture, this.surroundings);
    const thresholds = this.kinds.map((kind) => {
      if (look.kinds && !look.kinds.includes(kind)) return null;
      const limits = this.thresholds[kind]!;
      return look.threshold === undefined ? limits : { ...limits, unsure: Math.min(look.threshold, limits.unsure), sure: look.threshold };
    });
    const findings = spots(heat, width, height, thresholds).map((spot) => ({ ...spot, kind: this.kinds[spot.kind]! }));
    return { findings, heat };
  }

  /** Returns a picture in grey with what a heat map marks in the kinds' colours, four bytes a pixel. */
  paint({ data, width, height }: Pixels, heat: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
    const painted = new Uint8ClampedArray(4 * width * height).fill(255);
    const colours = this.kinds.map((kind) => KINDS[kind]?.colour ?? [255, 0, 0]);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const grey = (data[4 * pixel]! + data[4 * pixel + 1]! + data[4 * pixel + 2]!) / 6 + 110;
      let strongest = 0;
      for (let kind = 1; kind < colours.length; kind++) if (heat[pixel * colours.length + kind]! > heat[pixel * colours.length + strongest]!) strongest = kind;
      const strength = heat[pixel * colours.length + strongest]! / 255;
      for (let channel = 0; channel < 3; channel++) painted[4 * pixel + channel] = grey * (1 - strength) + colours[strongest]![channel]! * strength;
    }
    return painted;
  }

  dispose(): void {
    this.model.dispose();
  }
}
