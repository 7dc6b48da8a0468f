"use strict";

// The page: the microphone through an AudioWorklet, the network on what it gives, and what is shown of both.

const saved = JSON.parse(document.getElementById("model").textContent);
const answer = document.getElementById("answer");
const certainty = document.getElementById("certainty");
const button = document.getElementById("listen");
const canvas = document.getElementById("spectrogram");
const picture = canvas.getContext("2d", { willReadFrequently: true });
const BLOCK = 1024; // samples that the worklet sends at once
const MOST_WAITING = 20; // windows, two seconds; what a slow device is further behind it leaves out
const MOST_HEARD = 24;

const heard = []; // {time, label, score} of all words since the button was pressed
let model = null;
let listening = null; // what there is while the microphone is on

const bars = saved.words.map((word) => {
  const row = document.createElement("li");
  row.innerHTML = '<span class="word"></span><div class="track"><div class="fill"></div></div><span class="share"></span>';
  const isCommand = saved.commands.includes(word);
  row.classList.toggle("other", !isCommand);
  row.querySelector(".word").textContent = isCommand ? word : { _unknown_: "other words", _silence_: "no word" }[word] ?? word;
  document.getElementById("bars").append(row);
  return row;
});

/** Runs in the audio thread: sends what the microphone gives, in blocks. */
function tap(size) {
  registerProcessor("tap", class extends AudioWorkletProcessor {
    constructor() {
      super();
      this.block = new Float32Array(size);
      this.filled = 0;
    }

    process([input]) {
      for (let i = 0; input.length && i < input[0].length; i++) {
        let sum = 0;
        for (const channel of input) sum += channel[i];
        this.block[this.filled++] = sum / input.length;
        if (this.filled === size) {
          this.port.postMessage(this.block);
          this.filled = 0;
        }
      }
      return true;
    }
  });
}

async function listen() {
  // As the microphone gives it: what makes calls pleasant to listen to would make words unlike those that were learned.
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const microphone = await navigator.mediaDevices.getUserMedia({ audio });
  const context = new AudioContext();
  try {
    await connect(microphone, context);
  } catch (error) {
    release(microphone, context);
    throw error;
  }
}

async function connect(microphone, context) {
  // An address of its own kind, since Chromium loads no worklet from a blob on a page that is a file.
  await context.audioWorklet.addModule(`data:text/javascript,${encodeURIComponent(`(${tap})(${BLOCK})`)}`);
  const node = new AudioWorkletNode(context, "tap", { numberOfOutputs: 0 });
  context.createMediaStreamSource(microphone).connect(node);
  const started = {
    microphone,
    context,
    resampler: new Resampler(context.sampleRate, saved.log_mel.sample_rate),
    windows: new Windows(saved),
    detector: new Detector(saved.words, saved.commands, saved.detection),
    waiting: [],
    busy: false,
  };
  node.port.onmessage = ({ data }) => { if (listening === started) hear(started, data); };
  heard.length = 0;
  listening = started;
  say("listening");
}

function release(microphone, context) {
  for (const track of microphone.getTracks()) track.stop();
  context.close();
}

function stop() {
  release(listening.microphone, listening.context);
  listening = null;
  say("ready");
  showLevel(0);
  showScores(null);
}

/** Takes a block from the microphone. */
function hear(state, block) {
  const { frames, windows } = state.windows.push(state.resampler.push(block));
  showLevel(Math.sqrt(block.reduce((sum, value) => sum + value * value, 0) / block.length));
  if (frames.length) draw(frames);
  state.waiting.push(...windows);
  if (!state.busy) look(state);
}

/** Lets the network look at the windows that wait: one by one, since WebGL compiles anew for each other number of them. */
async function look(state) {
  state.busy = true;
  while (state.waiting.length && listening === state) {
    const late = Math.max(0, state.waiting.length - MOST_WAITING);
    state.waiting.splice(0, late);
    state.detector.skip(late);
    const scores = await scoresOf(state.waiting.shift());
    const found = state.detector.feed(scores);
    showScores(scores);
    if (found) show(found);
  }
  state.busy = false;
}

/** Returns the scores of the words for a window. */
async function scoresOf(window) {
  const { mels } = saved.log_mel;
  const scores = tf.tidy(() => model.predict(tf.tensor4d(window, [1, window.length / mels, mels, 1])));
  const values = await scores.data();
  scores.dispose();
  return [...values];
}

function show({ window, word, score }) {
  const label = saved.words[word];
  const seconds = (window * saved.stride * saved.log_mel.hop) / saved.log_mel.sample_rate;
  heard.push({ time: seconds, label, score });
  answer.textContent = label;
  answer.classList.remove("waiting", "new");
  void answer.offsetWidth; // so that the animation starts anew
  answer.classList.add("new");
  say(`${Math.round(100 * score)} % sure`);
  const entry = document.createElement("li");
  entry.textContent = label;
  const time = document.createElement("span");
  time.textContent = `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
  entry.append(time);
  const list = document.getElementById("heard");
  list.prepend(entry);
  while (list.children.length > MOST_HEARD) list.lastChild.remove();
}

function showScores(scores) {
  const best = scores ? scores.indexOf(Math.max(...scores)) : -1;
  bars.forEach((row, i) => {
    const share = scores ? scores[i] : 0;
    row.classList.toggle("best", i === best);
    row.querySelector(".fill").style.transform = `translateX(${share < 0.005 ? -101 : (share - 1) * 100}%)`;
    row.querySelector(".share").textContent = scores ? `${Math.round(100 * share)} %` : "";
  });
}

function showLevel(amplitude) {
  const share = amplitude > 0 ? Math.max(0, 1 + (20 * Math.log10(amplitude)) / 60) : 0;
  document.getElementById("level").style.transform = `scaleX(${Math.min(1, share)})`;
}

/** Moves the spectrogram to the left, and draws some frames at its right end. */
function draw(frames) {
  const { width, height } = canvas;
  const wide = 2, count = Math.min(frames.length, width / wide);
  picture.globalCompositeOperation = "copy"; // what is moved replaces what was there
  picture.drawImage(canvas, -wide * count, 0);
  picture.globalCompositeOperation = "source-over";
  const [r, g, b] = ink();
  const tall = height / saved.log_mel.mels;
  frames.slice(-count).forEach((frame, t) => {
    frame.forEach((value, mel) => {
      loudest = Math.max(value, loudest - 0.0002); // follows the loudness of the room, slowly
      const strength = Math.min(1, Math.max(0, 1 + (value - loudest) / saved.log_mel.decibels));
      picture.fillStyle = `rgb(${r} ${g} ${b} / ${strength * strength})`;
      picture.fillRect(width - wide * (count - t), height - tall * (mel + 1), wide, Math.ceil(tall));
    });
  });
}
let loudest = -30;

/** The colour of the spectrogram: the accent, as three numbers. */
function ink() {
  const hex = getComputedStyle(canvas).getPropertyValue("--accent").trim();
  return [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));
}

function say(text, failed = false) {
  certainty.textContent = text;
  certainty.classList.toggle("failed", failed);
  button.textContent = listening ? "Stop" : "Listen";
  button.classList.toggle("on", Boolean(listening));
}

/** What can be done when the microphone cannot be had, in words. */
function reason(error) {
  if (error.name === "NotAllowedError") return "The browser does not let this page use the microphone. Allow it, and try again.";
  if (error.name === "NotFoundError") return "There is no microphone. Connect one, and try again.";
  return error.message;
}

button.addEventListener("click", () => {
  if (listening) return stop();
  button.disabled = true;
  return listen().catch((error) => say(reason(error), true)).finally(() => { button.disabled = false; });
});

async function start() {
  document.getElementById("about").textContent = saved.about;
  const { hop, sample_rate: rate } = saved.log_mel;
  document.getElementById("span").textContent = `${((canvas.width / 2) * (hop / rate)).toFixed(1)} s`;
  if (!window.tf) throw new Error("TensorFlow.js could not be loaded; the page needs the network for it.");
  if (!navigator.mediaDevices) throw new Error("The browser gives the microphone only to files and to https pages.");
  const weightData = Uint8Array.from(atob(saved.weightData), (letter) => letter.charCodeAt(0)).buffer;
  const { modelTopology, weightSpecs } = saved;
  await tf.ready();
  model = await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
  const { size } = new Windows(saved);
  await scoresOf(new Float32Array(size * saved.log_mel.mels)); // compiles the kernels before the first word
  button.disabled = false;
  say("ready");
}

start().catch((error) => say(error.message, true));
