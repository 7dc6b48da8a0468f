"use strict";

// Hears words in a stream of sound, as velveteen/recipes/commands/listening.py and detection.py do.

/** Finds words in the averaged scores of windows; `settings` has threshold, averaged, patience and rest (in windows). */
class Detector {
  constructor(words, commands, settings) {
    Object.assign(this, settings);
    this.places = commands.map((word) => words.indexOf(word));
    this.recent = [];
    this.window = -1;
    this.since = 0;
    this.best = null;
    this.restsUntil = 0;
    this.lastWord = -1;
  }

  /** Returns {window, word, score} when a word is decided with the scores of the next window, and null otherwise. */
  feed(scores) {
    this.window++;
    this.recent.push(this.places.map((place) => scores[place]));
    if (this.recent.length > this.averaged) this.recent.shift();
    const means = this.places.map((_, i) => this.recent.reduce((sum, row) => sum + row[i], 0) / this.recent.length);
    const score = Math.max(...means);
    const word = this.places[means.indexOf(score)];
    if (score < this.threshold || word !== this.lastWord) this.lastWord = -1;
    if (score >= this.threshold && word !== this.lastWord && this.window >= this.restsUntil) {
      if (!this.best) this.since = this.window;
      if (!this.best || score > this.best.score) this.best = { window: this.window, word, score };
    }
    if (!this.best || (score >= this.threshold && this.window - this.since < this.patience)) return null;
    return this.decide();
  }

  /** Tells that some windows were not looked at. */
  skip(windows) {
    this.window += windows;
  }

  decide() {
    const found = this.best;
    this.best = null;
    this.lastWord = found.word;
    this.restsUntil = found.window + this.rest;
    return found;
  }
}

/** Cuts sound into frames, and those into windows; `saved` is what the page knows of the model. */
class Windows {
  constructor(saved) {
    this.logMel = new LogMel(saved.log_mel);
    this.stride = saved.stride; // frames from one window to the next
    this.size = this.logMel.frames(saved.samples); // frames of a window
    this.sound = new Float32Array(Math.floor(saved.samples / 2)); // silence before the first sound
    this.frames = []; // those that windows to come need
  }

  /** Takes the next samples, at the model's rate; returns the frames and the windows that they complete. */
  push(samples) {
    const { window: size, hop } = this.logMel;
    const sound = new Float32Array(this.sound.length + samples.length);
    sound.set(this.sound);
    sound.set(samples, this.sound.length);
    const frames = [];
    let start = 0;
    for (; start + size <= sound.length; start += hop) frames.push(this.logMel.frame(sound, start));
    this.sound = sound.slice(start);
    this.frames.push(...frames);
    const windows = [];
    while (this.frames.length >= this.size) {
      windows.push(this.logMel.compress(this.frames.slice(0, this.size)));
      this.frames.splice(0, this.stride);
    }
    return { frames, windows };
  }
}

if (typeof module !== "undefined") module.exports = { Detector, Windows };
