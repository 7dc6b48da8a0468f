// The kinds of faults, with the words and colours that velveteen/recipes/layout/faults gives them.

export const KINDS: Record<string, { title: string; colour: [number, number, number] }> = {
  "text-overflow": { title: "text out of its box", colour: [214, 40, 40] },
  "text-clipped": { title: "text cut off", colour: [232, 93, 4] },
  "overlap": { title: "elements overlapping", colour: [157, 2, 118] },
  "out-of-viewport": { title: "content out of the viewport", colour: [58, 134, 255] },
  "broken-image": { title: "broken image", colour: [0, 150, 136] },
  "collapsed": { title: "collapsed container", colour: [106, 76, 147] },
  "misaligned": { title: "misalignment in a row or grid", colour: [188, 140, 0] },
  "unstyled": { title: "unstyled page", colour: [90, 90, 90] },
};
