// Hears spoken words: in a recording, or in sound that goes on.

import * as tf from "@tensorflow/tfjs";
import listening from "../../../velveteen/recipes/commands/page/listening.js";
import logMel from "../../../velveteen/recipes/commands/page/log_mel.js";
import resampling from "../../../velveteen/recipes/commands/page/resampling.js";
import { load, type Origin, type Saved } from "./model";

// The recipe's own page has its scripts one behind the other, so one finds the class of another by its name.
Object.assign(globalThis, { LogMel: logMel.LogMel });

export interface Heard {
  /** Seconds from the beginning to the middle of the word. */
  time: number;
  label: string;
  /** The probability, averaged over a few windows. */
  score: number;
}

interface Metadata {
  words: string[];
  unknown: string | null;
  silence: string | null;
  samples: number;
  sample_rate: number;
  log_mel: { sample_rate: number; window: number; hop: number; mels: number };
  listening: { stride: number; threshold: number; averaged: number; patience: number; rest: number } | null;
}

export class Commands {
  readonly words: string[];
  /** The words that count as commands: all but "other words" and silence. */
  readonly commands: string[];

  private constructor(private readonly saved: Saved, private readonly metadata: Metadata) {
    this.words = metadata.words;
    this.commands = metadata.words.filter((word) => word !== metadata.unknown && word !== metadata.silence);
  }

  /** Loads what `velveteen commands train` wrote. */
  static async load(origin: Origin): Promise<Commands> {
    const saved = await load(origin, "commands");
    return new Commands(saved, saved.metadata as unknown as Metadata);
  }

  /** Returns the words in a recording: samples from -1 to 1 of one channel, at a rate in hertz. */
  async hear(samples: Float32Array, sampleRate: number): Promise<Heard[]> {
    const ear = this.listen(sampleRate);
    const heard = await ear.hear(samples);
    // Silence behind it, so that the last word can be in the middle of a window too.
    return [...heard, ...(await ear.hear(new Float32Array(sampleRate)))];
  }

  /** Returns what hears words in sound that it is given block by block, at a rate in hertz. */
  listen(sampleRate: number): Ear {
    const { metadata, words, commands } = this;
    if (!metadata.listening) throw new Error("This model has no threshold to listen with. Train it again.");
    const { stride, ...detection } = metadata.listening;
    return new Ear(
      this.saved.model,
      metadata,
      new resampling.Resampler(sampleRate, metadata.sample_rate),
      new listening.Windows({ log_mel: metadata.log_mel, samples: metadata.samples, stride }),
      new listening.Detector(words, commands, detection),
      stride,
    );
  }

  dispose(): void {
    this.saved.model.dispose();
  }
}

/** Hears words in sound that goes on. */
export class Ear {
  /** The scores of all words in the last window. */
  scores: number[] | null = null;

  constructor(
    private readonly model: tf.LayersModel,
    private readonly metadata: Metadata,
    private readonly resampler: { push(samples: Float32Array): Float32Array },
    private readonly windows: { push(samples: Float32Array): { frames: Float64Array[]; windows: Float32Array[] } },
    private readonly detector: { feed(scores: number[]): { window: number; word: number; score: number } | null },
    private readonly stride: number,
  ) {}

  /** Returns the words that are decided with the next samples. */
  async hear(samples: Float32Array): Promise<Heard[]> {
    const { words, log_mel } = this.metadata;
    const heard: Heard[] = [];
    for (const window of this.windows.push(this.resampler.push(samples)).windows) {
      const frames = window.length / log_mel.mels;
      const output = tf.tidy(() => this.model.predict(tf.tensor4d(window, [1, frames, log_mel.mels, 1])) as tf.Tensor);
      this.scores = [...(await output.data())];
      output.dispose();
      const found = this.detector.feed(this.scores);
      if (found) {
        const time = (found.window * this.stride * log_mel.hop) / log_mel.sample_rate;
        heard.push({ time, label: words[found.word]!, score: found.score });
      }
    }
    return heard;
  }
}
