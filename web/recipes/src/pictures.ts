// Tells pictures apart, in classes of the user's own.

import * as tf from "@tensorflow/tfjs";
import { load, type Origin, type Saved } from "./model";

export interface Told {
  label: string;
  score: number;
  /** A probability for each class. */
  scores: Record<string, number>;
}

/** Pixels row by row, four bytes each: red, green, blue, and how opaque; an ImageData is one. */
export interface Pixels {
  data: ArrayLike<number>;
  width: number;
  height: number;
}

/** What an <img>, a <video>, a canvas or createImageBitmap's answer is. */
export type Source = Pixels | CanvasImageSource;

export class Pictures {
  readonly classes: string[];
  /** The height and width that pictures are brought to. */
  readonly side: number;

  private constructor(private readonly saved: Saved) {
    this.classes = saved.metadata.classes as string[];
    this.side = saved.model.inputs[0]!.shape[1]!;
  }

  /** Loads what `velveteen pictures train` wrote. */
  static async load(origin: Origin): Promise<Pictures> {
    return new Pictures(await load(origin, "pictures"));
  }

  /** Tells what is on a picture of any size; of a longer side the middle counts. */
  async tell(picture: Source): Promise<Told> {
    const seen = this.see(picture);
    const output = tf.tidy(() => this.saved.model.predict(tf.tensor4d(seen, [1, this.side, this.side, 3])) as tf.Tensor);
    const values = await output.data();
    output.dispose();
    const best = values.indexOf(Math.max(...values));
    const scores = Object.fromEntries(this.classes.map((name, i) => [name, values[i]!]));
    return { label: this.classes[best]!, score: values[best]!, scores };
  }

  /** What the network sees of a picture: side × side × 3 values from 0 to 1. */
  see(picture: Source): Float32Array {
    return squared("data" in picture ? picture : pixelsOf(picture), this.side);
  }

  dispose(): void {
    this.saved.model.dispose();
  }
}

/** Brings the middle of a picture to side × side × 3 values from 0 to 1, on white where it is transparent; as Pillow does. */
export function squared({ data, width, height }: Pixels, side: number): Float32Array {
  const edge = Math.min(width, height);
  const columns = weights(width, (width - edge) / 2, edge, side);
  const rows = weights(height, (height - edge) / 2, edge, side);
  const narrow = new Float32Array(height * side * 3);
  for (let y = 0; y < height; y++) {
    columns.forEach(({ first, shares }, x) => {
      const to = 3 * (y * side + x);
      shares.forEach((share, i) => {
        const from = 4 * (y * width + first + i);
        const opaque = data[from + 3]! / 255;
        for (let c = 0; c < 3; c++) narrow[to + c]! += share * (data[from + c]! * opaque + 255 * (1 - opaque));
      });
      for (let c = to; c < to + 3; c++) narrow[c] = Math.round(narrow[c]!); // between its two passes, Pillow keeps bytes
    });
  }
  const seen = new Float32Array(side * side * 3);
  rows.forEach(({ first, shares }, y) => {
    shares.forEach((share, i) => {
      const from = 3 * side * (first + i);
      for (let x = 0; x < 3 * side; x++) seen[3 * side * y + x]! += share * narrow[from + x]!;
    });
  });
  return seen.map((value) => Math.round(value) / 255);
}

/** Which pixels a new one is made of: a triangle that spans all that it covers, Pillow's "bilinear" filter. */
function weights(size: number, start: number, length: number, count: number): { first: number; shares: number[] }[] {
  const scale = length / count;
  const reach = Math.max(scale, 1);
  return Array.from({ length: count }, (_, place) => {
    const center = start + (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - reach + 0.5));
    const end = Math.min(size, Math.trunc(center + reach + 0.5));
    const shares = Array.from({ length: end - first }, (_, i) => Math.max(0, 1 - Math.abs((first + i - center + 0.5) / reach)));
    const sum = shares.reduce((total, share) => total + share, 0);
    return { first, shares: shares.map((share) => share / sum) };
  });
}

let paper: CanvasRenderingContext2D | null = null;

function pixelsOf(source: CanvasImageSource): Pixels {
  const [width, height] =
    source instanceof HTMLVideoElement ? [source.videoWidth, source.videoHeight]
    : source instanceof HTMLImageElement ? [source.naturalWidth, source.naturalHeight]
    : "displayWidth" in source ? [source.displayWidth, source.displayHeight]
    : [Number(source.width), Number(source.height)];
  if (!width || !height) throw new Error("The picture has no pixels yet. Wait until it is loaded.");
  paper ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
  Object.assign(paper.canvas, { width, height });
  paper.drawImage(source, 0, 0);
  return paper.getImageData(0, 0, width, height);
}
