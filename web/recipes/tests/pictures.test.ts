import { describe, expect, it } from "vitest";
import { squared } from "../src/pictures";

const gray = (width: number, height: number, value: (x: number, y: number) => number, opaque = 255) => ({
  width,
  height,
  data: Array.from({ length: width * height }, (_, i) => Array(3).fill(value(i % width, Math.floor(i / width))).concat(opaque)).flat(),
});
const first = (seen: Float32Array) => Array.from({ length: seen.length / 3 }, (_, i) => Math.round(255 * seen[3 * i]!));

describe("squared", () => {
  // PIL.ImageOps.fit(picture, (3, 3), BILINEAR) of 13.0.0 says so.
  it("crops to the middle and resizes as Pillow", () => {
    expect(first(squared(gray(8, 5, (x, y) => 20 * x + 10 * y), 3))).toEqual([42, 74, 106, 58, 90, 122, 74, 106, 138]);
    expect(first(squared(gray(2, 2, (x, y) => 100 * x + 50 * y), 3))).toEqual([0, 50, 100, 25, 75, 125, 50, 100, 150]);
  });

  it("shows white where there is nothing", () => {
    expect(new Set(squared(gray(4, 6, () => 7, 0), 2))).toEqual(new Set([1]));
  });

  it("keeps what has the right size", () => {
    expect(first(squared(gray(3, 3, (x, y) => 9 * x + y), 3))).toEqual([0, 9, 18, 1, 10, 19, 2, 11, 20]);
  });
});
