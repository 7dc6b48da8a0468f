"use strict";

// The page: a place to draw, the network on what is drawn, and what it says.

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
