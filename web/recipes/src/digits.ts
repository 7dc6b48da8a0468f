// Reads handwritten digits.

import * as tf from "@tensorflow/tfjs";
import picture from "../../../velveteen/recipes/digits/page/picture.js";
import { load, type Origin, type Saved } from "./model";

export interface Reading {
  digit: number;
  score: number;
  scores: number[];
  /** What the network saw: 28 × 28 values from 0 to 255, row by row. */
  seen: Float32Array;
}

export class Digits {
  private constructor(private readonly saved: Saved) {}

  /** Loads what `velveteen digits train` wrote. */
  static async load(origin: Origin): Promise<Digits> {
    return new Digits(await load(origin, "digits"));
  }

  /**
   * Reads the digit in a drawing.
   * @param ink how opaque each pixel is, row by row, 0 to 255: the alpha channel of a canvas that was drawn on.
   * @returns null where nothing is drawn.
   */
  async read(ink: ArrayLike<number>, width: number, height: number): Promise<Reading | null> {
    const seen = picture.normalize(ink, width, height) as Float32Array | null;
    if (!seen) return null;
    const output = tf.tidy(() => this.saved.model.predict(tf.tensor4d(seen, [1, picture.SIZE, picture.SIZE, 1]).div(255)) as tf.Tensor);
    const scores = [...(await output.data())];
    output.dispose();
    const score = Math.max(...scores);
    return { digit: scores.indexOf(score), score, scores, seen };
  }

  dispose(): void {
    this.saved.model.dispose();
  }
}
