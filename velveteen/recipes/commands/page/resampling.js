"use strict";

// Sound at another sample rate, block by block: each new sample is a sum of the old ones around it, weighted by a low-pass
// filter. The filter is the one of the library soxr at its usual quality, which the Python side uses: a sinc under a Kaiser
// window, with these three numbers read off its impulse response.

const CUTOFF = 0.95687; // of half the lower rate: where the filter is at a half
const REACH = 101.5; // samples of the lower rate to either side
const KAISER_BETA = 13.7;

/** Turns sound at the rate `from` into sound at the rate `to`, both in hertz. */
class Resampler {
  constructor(from, to) {
    const divisor = greatestCommonDivisor(from, to);
    this.up = to / divisor; // each `down` old samples give `up` new ones
    this.down = from / divisor;
    this.scale = Math.min(1, to / from);
    this.reach = Math.ceil(REACH / this.scale);
    this.filters = Array.from({ length: this.up }, (_, phase) => this.filter(phase / this.up));
    this.waiting = new Float32Array(this.reach); // old samples that new ones need: silence before the first
    this.first = -this.reach; // the place of the first one of them in the stream
    this.next = 0; // the place of the next new sample
  }

  /** The weights of the old samples from `reach - 1` before to `reach` after a place that lies so far behind one of them. */
  filter(behind) {
    return Float64Array.from({ length: 2 * this.reach }, (_, i) => {
      const x = (i - this.reach + 1 - behind) * this.scale;
      return this.scale * CUTOFF * sinc(CUTOFF * x) * kaiser(x / REACH);
    });
  }

  /** Returns the new samples that can be computed with the next old ones. */
  push(samples) {
    if (this.up === this.down) return Float32Array.from(samples);
    const known = new Float32Array(this.waiting.length + samples.length);
    known.set(this.waiting);
    known.set(samples, this.waiting.length);
    const out = [];
    for (;;) {
      const place = Math.floor((this.next * this.down) / this.up);
      const start = place - this.reach + 1 - this.first;
      if (start + 2 * this.reach > known.length) break;
      const weights = this.filters[(this.next * this.down) % this.up];
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * known[start + i];
      out.push(sum);
      this.next++;
    }
    const kept = Math.max(0, Math.floor((this.next * this.down) / this.up) - this.reach + 1 - this.first);
    this.waiting = known.slice(kept);
    this.first += kept;
    return Float32Array.from(out);
  }

  /** Returns the last new samples of a stream: those before its end, to be called once after all else. */
  finish(length) {
    const rest = this.push(new Float32Array(2 * this.reach));
    return rest.slice(0, Math.max(0, Math.round((length * this.up) / this.down) - (this.next - rest.length)));
  }
}

function greatestCommonDivisor(a, b) {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** The Kaiser window, from -1 to 1. */
function kaiser(x) {
  return Math.abs(x) >= 1 ? 0 : bessel(KAISER_BETA * Math.sqrt(1 - x * x)) / bessel(KAISER_BETA);
}

/** The modified Bessel function of the first kind and order 0, by its power series. */
function bessel(x) {
  let term = 1, sum = 1;
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

if (typeof module !== "undefined") module.exports = { Resampler };
