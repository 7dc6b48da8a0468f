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

if (typeof module !== "undefined") module.exports = { SIZE, normalize };
