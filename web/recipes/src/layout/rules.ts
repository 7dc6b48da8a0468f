// What runs in a page to find broken layout by the browser's own measurements: the scripts of velveteen/recipes/layout.

import browser from "../../../../velveteen/recipes/layout/browser.js?raw";
import brokenImage from "../../../../velveteen/recipes/layout/faults/broken_image.js?raw";
import collapsed from "../../../../velveteen/recipes/layout/faults/collapsed.js?raw";
import misaligned from "../../../../velveteen/recipes/layout/faults/misaligned.js?raw";
import outOfViewport from "../../../../velveteen/recipes/layout/faults/out_of_viewport.js?raw";
import overlap from "../../../../velveteen/recipes/layout/faults/overlap.js?raw";
import textClipped from "../../../../velveteen/recipes/layout/faults/text_clipped.js?raw";
import textOverflow from "../../../../velveteen/recipes/layout/faults/text_overflow.js?raw";
import unstyled from "../../../../velveteen/recipes/layout/faults/unstyled.js?raw";

/** One program that puts `__layout` into a page. */
export const RULES = `(() => {\n${[browser, textOverflow, textClipped, overlap, outOfViewport, brokenImage, collapsed, misaligned, unstyled].join("\n")}\n})()`;

/** What a rule has found: `off` pixels `how`. */
export interface Broken {
  kind: string;
  sure: boolean;
  box: [number, number, number, number];
  off: number;
  how: string;
  selector: string;
  text: string;
}
