// What pages are asked. It is put into each document once, and answers to window.__layout; all lengths are CSS pixels of the
// viewport. The kinds of faults add themselves to __layout.kinds: see faults/*.js.
(() => {
  const layout = { kinds: {}, found: [] };
  window.__layout = layout;

  const NOT_READ = new Set(['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE', 'TITLE', 'OPTION', 'TEXTAREA', 'HEAD', 'SVG', 'svg']);
  const REPLACED = 'img, video, canvas, svg, input, select, textarea, button, iframe';
  const LAYERS = 'dialog, [popover], [role=dialog], [role=alertdialog], [role=menu], [role=listbox], [role=tooltip], [aria-modal=true]';

  const style = (element) => getComputedStyle(element);
  const opaque = (color) => !/^rgba\(.*, 0(\.0+)?\)$|^transparent$/.test(color) && !/\/ 0\)$/.test(color);
  const edges = (r) => ({ left: r.left, top: r.top, right: r.right, bottom: r.bottom });
  const cross = (a, b) => ({
    left: Math.max(a.left, b.left), top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right), bottom: Math.min(a.bottom, b.bottom),
  });
  const wide = (r) => r.right - r.left;
  const high = (r) => r.bottom - r.top;
  const empty = (r) => wide(r) <= 0 || high(r) <= 0;
  const join = (rects) => ({
    left: Math.min(...rects.map((r) => r.left)), top: Math.min(...rects.map((r) => r.top)),
    right: Math.max(...rects.map((r) => r.right)), bottom: Math.max(...rects.map((r) => r.bottom)),
  });
  // With a full-page picture the viewport is as high as the page, so this is always what the picture shows.
  const view = () => ({ left: 0, top: 0, right: document.documentElement.clientWidth, bottom: innerHeight });

  const visible = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true });
  const size = (element) => { const r = element.getBoundingClientRect(); return [r.width, r.height]; };
  const paints = (element) => {
    const s = style(element);
    return opaque(s.backgroundColor) || s.backgroundImage !== 'none' || s.boxShadow !== 'none' ||
      ['Top', 'Right', 'Bottom', 'Left'].filter((side) =>
        parseFloat(s[`border${side}Width`]) > 0 && s[`border${side}Style`] !== 'none' && opaque(s[`border${side}Color`])).length > 1;
  };

  // Hidden from the eye on purpose: text for screen readers, by any of the usual recipes.
  const forReaders = (element) => {
    for (let e = element; e && e !== document.body; e = e.parentElement) {
      const s = style(e), [width, height] = size(e);
      if (s.clipPath !== 'none' || (s.clip !== 'auto' && s.position === 'absolute')) return true;
      if (width <= 2 && height <= 2 && s.overflow !== 'visible') return true;
      const r = e.getBoundingClientRect();
      if ((s.position === 'absolute' || s.position === 'fixed') && (r.right < -200 || r.bottom + scrollY < -200)) return true;
      if (parseFloat(s.textIndent) < -200) return true;
    }
    return false;
  };
  // Turned, or seen in perspective: there rectangles do not say what lies where.
  const isTurned = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const { transform, perspective } = style(e), [, b = '0'] = transform.split(/[(,]/).slice(1);
      if (perspective !== 'none' || transform.startsWith('matrix3d') || Number(b) !== 0) return true;
    }
    return false;
  };
  const allowed = (element) => element.closest('[data-layout-ok]') !== null;

  // The text nodes in an element that one can read.
  const texts = (element) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const nodes = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const owner = node.parentElement;
      if (!node.data.trim() || !owner || NOT_READ.has(owner.tagName) || owner.closest('svg')) continue;
      if (visible(owner) && !(Math.min(...size(owner)) <= 2 && forReaders(owner))) nodes.push(node);
    }
    return nodes;
  };
  const rectsOf = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].map(edges).filter((r) => wide(r) > 1 && high(r) > 1);
  };
  // The same rectangles, no higher than the letters: those of a line are as high as its font.
  const pen = document.createElement('canvas').getContext('2d');
  const inkRects = (node) => {
    const s = style(node.parentElement), rects = rectsOf(node);
    if (!rects.length || s.writingMode !== 'horizontal-tb') return rects;
    pen.lang = node.parentElement.closest('[lang]')?.lang || 'inherit';  // which chooses among fonts
    pen.font = `${s.fontStyle} ${s.fontWeight} ${s.fontSize} ${s.fontFamily}`;
    const text = node.data.trim().slice(0, 1000);
    const ink = pen.measureText(s.textTransform === 'uppercase' ? text.toUpperCase() : text);
    const above = ink.fontBoundingBoxAscent - ink.actualBoundingBoxAscent, below = ink.fontBoundingBoxDescent - ink.actualBoundingBoxDescent;
    const whole = ink.fontBoundingBoxAscent + ink.fontBoundingBoxDescent;
    // Letters that another font has to lend make a line higher; where they end there is not told.
    return rects.map((r) => Math.abs(high(r) - whole) > 1.5 ? { ...r, top: r.top + 0.15 * high(r), bottom: r.bottom - 0.15 * high(r) }
      : { ...r, top: r.top + above, bottom: r.bottom - below }).filter((r) => !empty(r));
  };
  const textRects = (element) => texts(element).flatMap(rectsOf);
  const hasOwnText = (element) => [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  const isLayer = (element) => element.closest(LAYERS) !== null;

  // What of an element can be seen: the intersection of the boxes that cut it. `cutter(side)` tells which did.
  const clips = (element) => {
    const chain = [];
    let position = style(element).position;
    for (let e = element; e && e !== document.documentElement; e = e.parentElement) {
      const s = style(e);
      const skipped = e !== element && ((position === 'absolute' && s.position === 'static' && s.transform === 'none') ||
        (position === 'fixed' && s.transform === 'none'));
      if (!skipped && e !== document.body && (s.overflowX !== 'visible' || s.overflowY !== 'visible')) {
        const r = e.getBoundingClientRect();
        const left = r.left + e.clientLeft, top = r.top + e.clientTop;
        chain.push({
          element: e, x: s.overflowX, y: s.overflowY,
          left: s.overflowX === 'visible' ? -Infinity : left, right: s.overflowX === 'visible' ? Infinity : left + e.clientWidth,
          top: s.overflowY === 'visible' ? -Infinity : top, bottom: s.overflowY === 'visible' ? Infinity : top + e.clientHeight,
        });
      }
      if (!skipped && e !== element && s.position !== 'static') position = s.position;
    }
    return chain;
  };
  const seen = (rect, chain) => chain.reduce(cross, cross(rect, view()));
  const scrollable = (clip, axis) => clip[axis] === 'auto' || clip[axis] === 'scroll';

  const block = (node) => {
    let e = node.nodeType === 3 ? node.parentElement : node;
    while (e.parentElement && style(e).display === 'inline') e = e.parentElement;
    return e;
  };
  // The nearest box that one sees around an element: it has a background, border or shadow of its own.
  const boxOf = (element) => {
    for (let e = element, steps = 0; e && e !== document.body && steps < 4; e = e.parentElement, steps += 1) {
      if (style(e).display !== 'inline' && paints(e)) return e;
      if (e !== element && ['absolute', 'fixed'].includes(style(e).position)) return null;
    }
    return null;
  };
  // Rectangles of all that an element shows: lines of text, pictures, fields, and boxes that are painted.
  const content = (element) => {
    const inside = [...element.querySelectorAll(REPLACED)].filter(visible).map((e) => edges(e.getBoundingClientRect()));
    if (element.matches(REPLACED)) inside.push(edges(element.getBoundingClientRect()));
    return [...textRects(element), ...inside].filter((r) => !empty(r));
  };

  const selector = (element) => {
    const parts = [];
    for (let e = element; e && e.nodeType === 1 && e !== document.documentElement; e = e.parentElement) {
      if (e.id && document.querySelectorAll(`#${CSS.escape(e.id)}`).length === 1) { parts.unshift(`#${CSS.escape(e.id)}`); break; }
      let part = e.localName;
      const classes = [...e.classList].slice(0, 2).map((name) => `.${CSS.escape(name)}`).join('');
      const alike = e.parentElement ? [...e.parentElement.children].filter((other) => other.localName === part) : [e];
      part += classes;
      if (alike.length > 1) part += `:nth-of-type(${alike.indexOf(e) + 1})`;
      parts.unshift(part);
      if (parts.length > 1 && document.querySelectorAll(parts.join(' > ')).length === 1) break;
    }
    return parts.join(' > ') || 'html';
  };
  const words = (element) => {
    const text = (element.innerText || element.alt || element.getAttribute('aria-label') || '').replace(/\s+/g, ' ').trim();
    return text.length > 80 ? `${text.slice(0, 79)}…` : text;
  };

  // Every visible element that may be looked at or broken.
  const everything = () => {
    const out = [];
    for (const e of document.body.querySelectorAll('*')) {
      if (NOT_READ.has(e.tagName) || e.closest('svg') || !visible(e)) continue;
      const r = e.getBoundingClientRect();
      if (r.bottom < 0 || r.top > innerHeight || r.right < 0 || r.left > innerWidth) continue;
      out.push(e);
      if (out.length >= 8000) break;
    }
    return out;
  };
  const inView = (element, share = 0.9) => {
    const r = edges(element.getBoundingClientRect()), s = seen(r, clips(element));
    return !empty(s) && wide(s) * high(s) >= share * wide(r) * high(r);
  };

  Object.assign(layout, {
    style, opaque, edges, cross, wide, high, empty, join, view, visible, paints, forReaders, allowed, texts, rectsOf, inkRects, textRects,
    hasOwnText, isLayer, clips, seen, scrollable, block, boxOf, content, selector, words, everything, inView, REPLACED, LAYERS,
  });

  const plain = (r) => [r.left, r.top, wide(r), high(r)];

  // For making data: which elements a fault of this kind could befall; the answer to keep is their number.
  layout.candidates = (kind) => {
    layout.found = layout.kinds[kind].candidates();
    return layout.found.length;
  };
  // Does it to one of them; `random` is a number between 0 and 1 for each choice. Returns whether it could be done.
  layout.inject = (kind, index, way, random) => {
    layout.target = layout.found[index];
    return layout.kinds[kind].ways[way](layout.target, random) !== false;
  };
  // Where the fault is now, as the browser lays the page out.
  layout.mask = (kind) => {
    const answer = layout.kinds[kind].mask(layout.target);
    if (!answer) return null;
    const boxes = answer.boxes.map((r) => cross(r, view())).filter((r) => wide(r) >= 1 && high(r) >= 1);
    return boxes.length ? { ...answer, boxes: boxes.map(plain), edges: answer.edges || [] } : null;
  };

  // For making data: remembers the page, and brings it back as it was, which is much quicker than loading it. Where a clone would
  // not have everything (drawings, frames, shadow trees), or style sheets are gone, the answer is false.
  let kept = null;
  layout.keep = () => {
    const isWhole = !document.querySelector('canvas, iframe, video, object, embed') &&
      ![...document.body.querySelectorAll('*')].some((e) => e.shadowRoot);
    kept = isWhole ? { body: document.body.cloneNode(true), scroll: [scrollX, scrollY], sheets: document.styleSheets.length } : null;
  };
  layout.restore = () => {
    if (!kept || document.styleSheets.length !== kept.sheets) return false;
    document.body.replaceWith(kept.body.cloneNode(true));
    scrollTo(...kept.scroll);
    return true;
  };

  // For measuring ink: shows the target without its text, without its clip, or not at all, and undoes that.
  const sheet = document.createElement('style');
  sheet.textContent = `
    *, *::before, *::after { animation: none !important; transition: none !important;
      scroll-behavior: auto !important; caret-color: transparent !important; }
    .__no_ink, .__no_ink * { color: transparent !important; -webkit-text-fill-color: transparent !important;
      text-shadow: none !important; text-decoration-color: transparent !important; }
    .__hidden, .__hidden * { visibility: hidden !important; }
    .__no_clip { overflow: visible !important; }`;
  document.documentElement.append(sheet);
  sheet.dataset.layoutOwn = '';
  layout.show = (state) => {
    for (const e of document.querySelectorAll('.__no_ink, .__hidden, .__no_clip')) e.classList.remove('__no_ink', '__hidden', '__no_clip');
    const roles = { target: [layout.target].flat(), first: [[layout.target].flat()[0]], second: [[layout.target].flat()[1]] };
    for (const [role, name] of Object.entries(state)) for (const e of roles[role]) if (e) e.classList.add(...name.split(' '));
  };

  // For checking: what the rules of these kinds find, but not in elements of these selectors.
  layout.check = (kinds, ignored = []) => {
    const findings = [];
    // Text leaves a box that has collapsed: one fault, told once.
    const collapsed = kinds.includes('collapsed') ? layout.kinds.collapsed.rule() : [];
    const isTold = (kind, element) => ['text-overflow', 'text-clipped'].includes(kind) && collapsed.some((each) => each.element.contains(element));
    for (const kind of kinds) {
      for (const found of kind === 'collapsed' ? collapsed : layout.kinds[kind].rule()) {
        if (isTold(kind, found.element)) continue;
        const box = cross(found.box, view());
        if (wide(box) < 1 || high(box) < 1) continue;
        if (allowed(found.element) || ignored.some((each) => found.element.closest(each))) continue;
        findings.push({
          kind, box: plain(box), off: found.off || 0, how: found.how || '', sure: found.sure !== false && !isTurned(found.element),
          selector: selector(found.element), text: words(found.element),
        });
      }
    }
    return findings;
  };
  // The boxes of what is not to be told. A selector that is none throws.
  layout.ignored = (ignored) => [...document.querySelectorAll(['[data-layout-ok]', ...ignored].join(','))]
    .map((e) => edges(e.getBoundingClientRect())).filter((r) => !empty(r)).map(plain);
  // Which element is in the middle of a box.
  layout.at = ([x, y, width, height]) => {
    const e = document.elementFromPoint(x + width / 2, y + height / 2) || document.body;
    return { selector: selector(e), text: words(e) };
  };
})();
