"use strict";

// The page's own scripts in Node. Called with the paths of the request and of the answer.

const fs = require("fs");
const path = require("path");

const folder = path.join(__dirname, "../../../velveteen/recipes/commands/page");
const { LogMel } = require(path.join(folder, "log_mel.js"));
const { Resampler } = require(path.join(folder, "resampling.js"));
globalThis.LogMel = LogMel;
const { Detector, Windows } = require(path.join(folder, "listening.js"));

const [asked, answered] = process.argv.slice(2);
const request = JSON.parse(fs.readFileSync(asked, "utf8"));

/** The sound at another rate, pushed in blocks as an AudioWorklet gives them. */
function resampled({ sound, from, to, block }) {
  const resampler = new Resampler(from, to);
  const parts = [];
  for (let start = 0; start < sound.length; start += block) {
    parts.push(...resampler.push(Float32Array.from(sound.slice(start, start + block))));
  }
  parts.push(...resampler.finish(sound.length));
  return Float32Array.from(parts);
}

const tasks = {
  resample: (task) => [...resampled(task)],
  logMel: (task) => [...new LogMel(task.settings).of(task.from ? resampled(task) : Float32Array.from(task.sound))],
  windows: ({ sound, saved, block }) => {
    const windows = new Windows(saved);
    const found = [];
    for (let start = 0; start < sound.length; start += block) {
      found.push(...windows.push(Float32Array.from(sound.slice(start, start + block))).windows.map((seen) => [...seen]));
    }
    return found;
  },
  detect: ({ scores, words, commands, settings }) => {
    const detector = new Detector(words, commands, settings);
    return scores.map((row) => detector.feed(row)).filter((found) => found);
  },
};
fs.writeFileSync(answered, JSON.stringify(request.map((task) => tasks[task.name](task))));
