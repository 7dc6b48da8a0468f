import { describe, expect, it } from "vitest";
import { draw } from "../src/writer";

const PROBABILITIES = [0.5, 0.3, 0.15, 0.05];

describe("draw", () => {
  it("takes the likeliest at temperature 0, and never the one that is left out", () => {
    expect(draw(PROBABILITIES, -1, { temperature: 0 }, Math.random)).toBe(0);
    expect(draw(PROBABILITIES, 0, { temperature: 0 }, Math.random)).toBe(1);
    for (let i = 0; i < 100; i++) expect(draw(PROBABILITIES, 2, { temperature: 2 }, Math.random)).not.toBe(2);
  });

  it("draws as often as the probabilities say", () => {
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 1000; i++) counts[draw(PROBABILITIES, -1, { temperature: 1 }, () => (i + 0.5) / 1000)]!++;
    expect(counts).toEqual([500, 300, 150, 50]);
  });

  it("draws among the topK likeliest, or among those that have topP together", () => {
    const drawn = (choice: object) => new Set(Array.from({ length: 100 }, (_, i) => draw(PROBABILITIES, -1, { temperature: 1, ...choice }, () => (i + 0.5) / 100)));
    expect(drawn({ topK: 2 })).toEqual(new Set([0, 1]));
    expect(drawn({ topK: 1 })).toEqual(new Set([0]));
    expect(drawn({ topP: 0.5 })).toEqual(new Set([0]));
    expect(drawn({ topP: 0.79 })).toEqual(new Set([0, 1]));
    expect(drawn({ topP: 1 })).toEqual(new Set([0, 1, 2, 3]));
  });
});
