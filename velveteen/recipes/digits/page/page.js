"use strict";

// Makes a drawing look like one of MNIST's digits, number by number as velveteen/recipes/digits/picture.py does.

const SIZE = 28;
const INK_BOX = 20;

/** Returns SIZE × SIZE values 0 to 255 from the alpha channel of a drawing, or null when nothing is drawn. */
function normalize(alpha, width, height) {
  const ink = inkOf(alpha, width, height);
  const box = ink && inkBox(ink, width, height);
  if (!box) return null;
  const scale = INK_BOX / Math.max(box.width, box.height);
  const newWidth = Math.max(1, Math.floor(box.width * scale + 0.5));
  const newHeight = Math.max(1, Math.floor(box.height * scale + 0.5));
  const small = resample(ink, width, box, newWidth, newHeight);
  const inked = small.filter((value) => value > 0).sort();
  const factor = 255 / inked[Math.floor(0.9 * (inked.length - 1))];
  return center(small.map((value) => Math.floor(Math.min(value * factor, 255) + 0.5)), newWidth, newHeight);
}

/** Returns how much ink each pixel has, 0 to 1; what the border shows is taken for a shadow. */
function inkOf(alpha, width, height) {
  let most = 0;
  for (const value of alpha) if (value > most) most = value;
  if (most < 16) return null;
  const ink = Float32Array.from(alpha, (value) => value / most);
  const border = [];
  for (let x = 0; x < width; x++) border.push(ink[x], ink[(height - 1) * width + x]);
  for (let y = 1; y < height - 1; y++) border.push(ink[y * width], ink[y * width + width - 1]);
  border.sort((a, b) => a - b);
  const place = 0.95 * (border.length - 1);
  const below = border[Math.floor(place)];
  const shadow = below + (border[Math.ceil(place)] - below) * (place % 1);
  const least = Math.min(Math.max(0.1, 1.5 * shadow), 0.5);
  return ink.map((value) => (value < least ? 0 : value));
}

function inkBox(ink, width, height) {
  let left = width, right = -1, top = height, bottom = -1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (ink[y * width + x] === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** The box at its new size, by a triangle filter that spans all the pixels a new one covers. */
function resample(ink, stride, box, newWidth, newHeight) {
  const rows = filterRows(box.height, newHeight);
  const columns = filterRows(box.width, newWidth);
  const squeezed = new Float32Array(newHeight * box.width);
  rows.forEach(({ start, weights }, y) => {
    weights.forEach((weight, i) => {
      const from = (box.top + start + i) * stride + box.left;
      for (let x = 0; x < box.width; x++) squeezed[y * box.width + x] += weight * ink[from + x];
    });
  });
  const small = new Float32Array(newHeight * newWidth);
  columns.forEach(({ start, weights }, x) => {
    for (let y = 0; y < newHeight; y++) {
      weights.forEach((weight, i) => { small[y * newWidth + x] += weight * squeezed[y * box.width + start + i]; });
    }
  });
  return small;
}

/** For each of `newSize` pixels: the first of `size` pixels it covers, and the weights of that and the following. */
function filterRows(size, newSize) {
  const scale = size / newSize;
  const reach = Math.max(scale, 1);
  return Array.from({ length: newSize }, (_, i) => {
    const middle = (i + 0.5) * scale;
    const start = Math.max(0, Math.floor(middle - reach));
    const end = Math.min(size, Math.ceil(middle + reach));
    const weights = [];
    for (let j = start; j < end; j++) weights.push(Math.max(1 - Math.abs(j + 0.5 - middle) / reach, 0));
    const sum = weights.reduce((a, b) => a + b);
    return { start, weights: weights.map((weight) => weight / sum) };
  });
}

/** Puts the values on SIZE × SIZE with their centre of mass in the middle, as far as they fit. */
function center(values, width, height) {
  let mass = 0, xMass = 0, yMass = 0;
  values.forEach((value, i) => {
    mass += value;
    xMass += value * (i % width);
    yMass += value * Math.floor(i / width);
  });
  const startOf = (middle, length) => Math.min(Math.max(Math.floor(SIZE / 2 - middle + 0.5), 0), SIZE - length);
  const left = startOf(xMass / mass, width);
  const top = startOf(yMass / mass, height);
  const out = new Float32Array(SIZE * SIZE);
  values.forEach((value, i) => { out[(top + Math.floor(i / width)) * SIZE + left + (i % width)] = value; });
  return out;
}

// The page.

const canvas = document.getElementById("canvas");
const pen = canvas.getContext("2d", { willReadFrequently: true });
const answer = document.getElementById("answer");
const certainty = document.getElementById("certainty");
const strokes = []; // each a list of points in canvas pixels
let model = null;
let changed = false;

const bars = Array.from({ length: 10 }, (_, digit) => {
  const row = document.createElement("li");
  row.innerHTML = `<span>${digit}</span><div class="track"><div class="fill"></div></div><span class="share"></span>`;
  document.getElementById("bars").append(row);
  return row;
});

function redraw() {
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.strokeStyle = getComputedStyle(canvas).getPropertyValue("--ink");
  pen.lineWidth = canvas.width / 13; // after the drawing is made 20 pixels high, about as thick as MNIST's pens
  pen.lineCap = pen.lineJoin = "round";
  for (const [first, ...rest] of strokes) {
    pen.beginPath();
    pen.moveTo(first.x, first.y);
    pen.lineTo(first.x, first.y);
    rest.forEach((point, i) => {
      const before = i === 0 ? first : rest[i - 1];
      pen.quadraticCurveTo(before.x, before.y, (before.x + point.x) / 2, (before.y + point.y) / 2);
    });
    const last = rest.at(-1) ?? first;
    pen.lineTo(last.x, last.y);
    pen.stroke();
  }
  document.getElementById("hint").classList.toggle("gone", strokes.length > 0);
  changed = true;
}

function pointOf(event) {
  const place = canvas.getBoundingClientRect();
  return {
    x: ((event.clientX - place.left) * canvas.width) / place.width,
    y: ((event.clientY - place.top) * canvas.height) / place.height,
  };
}

canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  strokes.push([pointOf(event)]);
  redraw();
});
canvas.addEventListener("pointermove", (event) => {
  if (!canvas.hasPointerCapture(event.pointerId)) return;
  const moves = event.getCoalescedEvents?.() ?? [];
  strokes.at(-1).push(...(moves.length ? moves : [event]).map(pointOf));
  redraw();
});

function clear() {
  strokes.length = 0;
  redraw();
}
document.getElementById("clear").addEventListener("click", clear);
document.addEventListener("keydown", (event) => {
  if (["Delete", "Backspace", "Escape"].includes(event.key)) clear();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

/** Returns the ten scores of what is drawn, or null when nothing is. */
async function recognize() {
  const rgba = pen.getImageData(0, 0, canvas.width, canvas.height).data;
  const alpha = new Uint8ClampedArray(rgba.length / 4);
  for (let i = 0; i < alpha.length; i++) alpha[i] = rgba[4 * i + 3];
  const digit = normalize(alpha, canvas.width, canvas.height);
  showSeen(digit);
  if (!digit) return null;
  const scores = tf.tidy(() => model.predict(tf.tensor4d(digit, [1, SIZE, SIZE, 1]).div(255)));
  const values = await scores.data();
  scores.dispose();
  return [...values];
}

function showSeen(digit) {
  const seen = document.getElementById("seen").getContext("2d");
  const image = seen.createImageData(SIZE, SIZE); // transparent when nothing is drawn
  digit?.forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
  seen.putImageData(image, 0, 0);
}

function show(scores) {
  const best = scores ? scores.indexOf(Math.max(...scores)) : -1;
  answer.textContent = scores ? String(best) : "?";
  answer.classList.toggle("waiting", !scores);
  certainty.textContent = scores ? words(scores[best]) : "waiting for your digit";
  bars.forEach((row, digit) => {
    const share = scores ? scores[digit] : 0;
    row.classList.toggle("best", digit === best);
    row.querySelector(".fill").style.transform = `translateX(${share < 0.005 ? -101 : (share - 1) * 100}%)`;
    row.querySelector(".share").textContent = scores ? percent(share) : "";
  });
}

function words(share) {
  const feeling = share > 0.97 ? "sure" : share > 0.8 ? "quite sure" : share > 0.5 ? "I guess" : "hard to tell";
  return `${feeling}, ${percent(share)}`;
}

function percent(share) {
  return `${Math.round(share * 100)} %`;
}

async function watch() {
  if (changed) {
    changed = false;
    show(await recognize());
  }
  requestAnimationFrame(watch);
}

async function start() {
  const saved = JSON.parse(document.getElementById("model").textContent);
  document.getElementById("about").textContent = saved.about;
  if (!window.tf) throw new Error("TensorFlow.js could not be loaded; the page needs the network for it.");
  const weightData = Uint8Array.from(atob(saved.weightData), (letter) => letter.charCodeAt(0)).buffer;
  const { modelTopology, weightSpecs } = saved;
  await tf.ready();
  model = await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
  tf.tidy(() => model.predict(tf.zeros([1, SIZE, SIZE, 1]))); // compiles the kernels before the first stroke
  redraw();
  watch();
}

start().catch((error) => {
  certainty.textContent = error.message;
  certainty.classList.add("failed");
});
