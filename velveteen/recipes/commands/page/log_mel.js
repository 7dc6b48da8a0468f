"use strict";

// The log-mel spectrogram, number by number as velveteen/recipes/commands/features.py computes it.

/** Sound as loudness by time and pitch; `settings` are those in the model's userDefinedMetadata. */
class LogMel {
  constructor(settings) {
    Object.assign(this, settings);
    const { window: size, sample_rate: rate, mels } = this;
    this.hann = Float32Array.from({ length: size }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size));
    this.filters = triangles(mels, size, rate, this.low, this.high);
    this.fourier = new Fourier(size);
  }

  /** How many frames so many samples have. */
  frames(samples) {
    return Math.max(0, 1 + Math.floor((samples - this.window) / this.hop));
  }

  /** The loudness of each triangle in the frame that begins at `start`, in decibels. */
  frame(samples, start) {
    const values = new Float64Array(this.window);
    for (let n = 0; n < this.window; n++) values[n] = samples[start + n] * this.hann[n];
    const power = this.fourier.power(values);
    return Float32Array.from(this.filters, ({ start: first, weights }) => {
      let energy = 0;
      weights.forEach((weight, i) => { energy += weight * power[first + i]; });
      return 10 * Math.log10(Math.max(energy, this.floor));
    });
  }

  /** What the network sees of some frames: their values one after the other, from 0 to 1. */
  compress(frames) {
    let loudest = -Infinity;
    for (const frame of frames) for (const value of frame) if (value > loudest) loudest = value;
    const seen = new Float32Array(frames.length * this.mels);
    frames.forEach((frame, t) => {
      frame.forEach((value, mel) => {
        seen[t * this.mels + mel] = Math.max(value - loudest, -this.decibels) / this.decibels + 1;
      });
    });
    return seen;
  }

  /** What the network sees of a sound: frames × mels values from 0 to 1, frame by frame. */
  of(samples) {
    const starts = Array.from({ length: this.frames(samples.length) }, (_, t) => t * this.hop);
    return this.compress(starts.map((start) => this.frame(samples, start)));
  }
}

/** For each triangle the first bin with a weight, and the weights from there on. */
function triangles(mels, size, rate, low, high) {
  const toMel = (hertz) => 2595 * Math.log10(1 + hertz / 700);
  const toHertz = (mel) => 700 * (10 ** (mel / 2595) - 1);
  const corner = (i) => toHertz(toMel(low) + ((toMel(high) - toMel(low)) * i) / (mels + 1));
  return Array.from({ length: mels }, (_, mel) => {
    const [left, center, right] = [corner(mel), corner(mel + 1), corner(mel + 2)];
    const all = Array.from({ length: size / 2 + 1 }, (__, bin) => {
      const hertz = (bin * rate) / size;
      return Math.max(0, Math.min((hertz - left) / (center - left), (right - hertz) / (right - center)));
    });
    const start = Math.max(0, all.findIndex((weight) => weight > 0));
    const end = all.findLastIndex((weight) => weight > 0) + 1;
    return { start, weights: Float32Array.from(all.slice(start, end)) };
  });
}

/** The Fourier transform of real numbers, as many as a power of two (Cooley and Tukey, 1965, in place). */
class Fourier {
  constructor(size) {
    this.size = size;
    this.real = new Float64Array(size);
    this.imaginary = new Float64Array(size);
    this.cosine = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.sine = Float64Array.from({ length: size / 2 }, (_, k) => Math.sin((2 * Math.PI * k) / size));
    const bits = Math.log2(size);
    this.reversed = Uint32Array.from({ length: size }, (_, n) => {
      let place = 0;
      for (let bit = 0; bit < bits; bit++) place |= ((n >> bit) & 1) << (bits - 1 - bit);
      return place;
    });
  }

  /** The squared magnitudes of the first size / 2 + 1 bins. */
  power(values) {
    const { size, real, imaginary } = this;
    for (let n = 0; n < size; n++) real[this.reversed[n]] = values[n];
    imaginary.fill(0);
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let first = 0; first < size; first += 2 * half) {
        for (let k = 0; k < half; k++) {
          const [a, b] = [first + k, first + k + half];
          const [cosine, sine] = [this.cosine[k * stride], this.sine[k * stride]];
          const x = real[b] * cosine + imaginary[b] * sine;
          const y = imaginary[b] * cosine - real[b] * sine;
          real[b] = real[a] - x;
          imaginary[b] = imaginary[a] - y;
          real[a] += x;
          imaginary[a] += y;
        }
      }
    }
    return Float64Array.from({ length: size / 2 + 1 }, (_, k) => real[k] ** 2 + imaginary[k] ** 2);
  }
}

if (typeof module !== "undefined") module.exports = { LogMel };
