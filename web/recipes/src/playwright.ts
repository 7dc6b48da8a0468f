// For test suites with Playwright: fails where the layout of a page is broken, as velveteen's layout_check for pytest does.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Page } from "playwright-core";
import { PNG } from "pngjs";
import { Layout, type Finding } from "./layout";
import { isNear, support } from "./layout/heat";
import { KINDS } from "./layout/kinds";
import { RULES, type Broken } from "./layout/rules";
import { fromFolder, useWasm } from "./node";

export { fromFolder, useWasm } from "./node";

export interface LayoutCheck {
  /** A network that looks at the picture beside the rules: the folder that `velveteen layout train` wrote, or one that is loaded. */
  model?: string | Layout;
  /** Which kinds to look for; by default all. */
  kinds?: string[];
  /** CSS selectors, or boxes "x,y,width,height", of what is not to be told; so is whatever has `data-layout-ok`. */
  ignore?: string[];
  /** Whether to look at the whole page instead of what is in view. */
  fullPage?: boolean;
  /** Where the picture with the findings goes, when there are sure ones; by default "layout-report/broken.png". */
  picture?: string;
}

export interface PageFinding extends Finding {
  /** The element's CSS selector, and what it says. */
  selector: string;
  text: string;
  /** What a rule measured; "" when the network alone has found it. */
  measured: string;
}

/** The layout of a page is broken. */
export class BrokenLayoutError extends Error {
  override name = "BrokenLayoutError";

  constructor(message: string, readonly findings: PageFinding[], readonly picture: string) {
    super(message);
  }
}

/** A finding is left out when so much of it lies in an ignored box. */
const COVERED = 0.5;

type Box = [number, number, number, number];
interface InPage {
  __layout: {
    ignored(selectors: string[]): Box[];
    check(kinds: string[], selectors: string[]): Broken[];
    at(box: Box): { selector: string; text: string };
  };
}

/**
 * Throws a BrokenLayoutError where the layout of a page is broken, and writes its picture with the findings marked, numbered as in the
 * message. Rules on the DOM judge. With a network, what they find is sure where it sees something there too, and what it alone sees
 * is unsure, unless the model's thresholds say otherwise. What is unsure is returned.
 */
export async function layoutCheck(page: Page, options: LayoutCheck = {}): Promise<PageFinding[]> {
  const { kinds = Object.keys(KINDS), ignore = [], fullPage = false, picture = "layout-report/broken.png" } = options;
  const network = await opened(options.model);
  const { selectors, boxes } = ignored(ignore);
  const usual = page.viewportSize();
  if (fullPage && usual) {
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewportSize({ width: usual.width, height: Math.max(height, usual.height) });
  }
  let findings: PageFinding[];
  let shot: Buffer;
  try {
    await page.evaluate(RULES);
    boxes.push(...(await page.evaluate((some) => (globalThis as unknown as InPage).__layout.ignored(some), selectors)));
    const rules = await page.evaluate(([some, of]) => (globalThis as unknown as InPage).__layout.check(some, of), [kinds, selectors] as [string[], string[]]);
    shot = await page.screenshot({ scale: "css" });
    findings = rules.map(byRule);
    if (network) {
      const png = PNG.sync.read(shot);
      const seen = await network.find(png, { kinds });
      const isSeen = (each: PageFinding) => support(seen.heat, png.width, png.height, each.box) >= network.thresholds[each.kind]!.confirms;
      findings = findings.map((each) => (each.sure && !isSeen(each) ? { ...each, sure: false, score: 0.5 } : each));
      for (const spot of seen.findings) {
        if (rules.some((rule) => isNear(rule.box, spot.box))) continue;
        const at = await page.evaluate((box) => (globalThis as unknown as InPage).__layout.at(box), spot.box);
        findings.push({ ...spot, sure: spot.score >= network.thresholds[spot.kind]!.certain, ...at, measured: "" });
      }
    }
  } finally {
    if (fullPage && usual) await page.setViewportSize(usual);
    if (network && network !== options.model) network.dispose();
  }
  findings = findings.filter((each) => boxes.every((box) => common(each.box, box) < COVERED * each.box[2] * each.box[3]));
  const sure = findings.filter((each) => each.sure);
  if (!sure.length) return findings;
  await mkdir(dirname(picture), { recursive: true });
  await writeFile(picture, marked(shot, sure));
  const lines = sure.map((each, i) => `${i + 1}. ${KINDS[each.kind]!.title} (${each.kind}): ${each.selector}: ${each.measured || "the picture looks like it here"}`);
  throw new BrokenLayoutError([`The layout of ${page.url()} is broken:`, ...lines, `Look at ${picture}`].join("\n"), findings, picture);
}

async function opened(model: LayoutCheck["model"]): Promise<Layout | null> {
  if (typeof model !== "string") return model ?? null;
  await useWasm();
  return Layout.load(fromFolder(model));
}

/** Tells selectors from boxes. */
function ignored(given: string[]): { selectors: string[]; boxes: Box[] } {
  const isBox = (told: string) => /^[-\d.\s,]+$/.test(told);
  const boxes = given.filter(isBox).map((told) => told.split(",").map(Number) as Box);
  for (const box of boxes) if (box.length !== 4 || !box.every(Number.isFinite) || box[2] <= 0 || box[3] <= 0) throw new Error(`A box to ignore is x,y,width,height in CSS pixels, got "${box.join(",")}".`);
  return { selectors: given.filter((told) => !isBox(told)), boxes };
}

function byRule({ kind, sure, box, off, how, selector, text }: Broken): PageFinding {
  const measured = off ? `${off.toFixed(0)} px ${how}`.trim() : how || KINDS[kind]!.title;
  return { kind, sure, box, score: sure ? 1 : 0.5, selector, text, measured };
}

/** Returns the area that two boxes have in common. */
function common(a: Box, b: Box): number {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  return Math.max(0, width) * Math.max(0, height);
}

/** Digits of three by five pixels, a number of fifteen bits each. */
const DIGITS = [0x7b6f, 0x2c97, 0x73e7, 0x73cf, 0x5bc9, 0x79cf, 0x79ef, 0x7249, 0x7bef, 0x7bcf];
const [DOT, LINE] = [3, 3];

/** Returns a picture, PNG, with a box around each finding in its kind's colour, and the finding's number. */
function marked(picture: Buffer, findings: PageFinding[]): Buffer {
  const png = PNG.sync.read(picture);
  const fill = (x: number, y: number, width: number, height: number, colour: number[]) => {
    for (let row = Math.max(0, Math.round(y)); row < Math.min(png.height, Math.round(y + height)); row++) {
      for (let column = Math.max(0, Math.round(x)); column < Math.min(png.width, Math.round(x + width)); column++) png.data.set([...colour, 255], 4 * (row * png.width + column));
    }
  };
  for (const [index, { kind, box: [x, y, width, height] }] of findings.entries()) {
    const { colour } = KINDS[kind]!;
    fill(x - LINE, y - LINE, width + 2 * LINE, LINE, colour);
    fill(x - LINE, y + height, width + 2 * LINE, LINE, colour);
    fill(x - LINE, y - LINE, LINE, height + 2 * LINE, colour);
    fill(x + width, y - LINE, LINE, height + 2 * LINE, colour);
    const digits = [...String(index + 1)];
    const [left, top] = [Math.max(0, x - LINE), Math.max(0, y - LINE - 7 * DOT)];
    fill(left, top, (4 * digits.length + 1) * DOT, 7 * DOT, colour);
    for (const [place, digit] of digits.entries()) {
      for (let bit = 0; bit < 15; bit++) {
        if ((DIGITS[Number(digit)]! >> (14 - bit)) & 1) fill(left + (4 * place + 1 + (bit % 3)) * DOT, top + (1 + Math.floor(bit / 3)) * DOT, DOT, DOT, [255, 255, 255]);
      }
    }
  }
  return PNG.sync.write(png);
}
