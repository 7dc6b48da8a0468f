// Text that stands out of the box one sees around it.
(() => {
  const L = window.__layout;

  const fix = (box) => {
    const r = box.getBoundingClientRect();
    Object.assign(box.style, {
      boxSizing: 'border-box', width: `${r.width}px`, minWidth: '0', maxWidth: `${r.width}px`, height: `${r.height}px`, minHeight: '0',
      maxHeight: `${r.height}px`, overflow: 'visible', flexShrink: '0',
    });
    return r;
  };
  const longer = (element, times) => {
    const node = [...element.childNodes].find((n) => n.nodeType === 3 && n.data.trim());
    node.data = Array(Math.ceil(times)).fill(node.data.trim()).join(' ');
  };
  // The parts of a rectangle that lie outside of another one.
  const outside = (r, box, least = 2) => {
    const left = { ...r, right: Math.min(r.right, box.left) }, right = { ...r, left: Math.max(r.left, box.right) };
    const middle = { ...r, left: Math.max(r.left, box.left), right: Math.min(r.right, box.right) };
    const above = { ...middle, bottom: Math.min(r.bottom, box.top) }, below = { ...middle, top: Math.max(r.top, box.bottom) };
    return [left, right, above, below].filter((part) => L.wide(part) > 2 && L.high(part) > least);
  };

  L.kinds['text-overflow'] = {
    candidates: () => L.everything().filter((e) => {
      if (!L.hasOwnText(e) || L.style(e).display === 'inline' || L.forReaders(e) || !L.inView(e)) return false;
      const box = L.boxOf(e);
      if (!box || ['TD', 'TH'].includes(box.tagName)) return false;
      const r = box.getBoundingClientRect();
      return r.width < 0.7 * innerWidth && r.width > 24 && r.height < 0.5 * innerHeight && L.inView(box);
    }),
    ways: {
      'longer text that does not wrap': (e, random) => {
        fix(L.boxOf(e));
        Object.assign(e.style, { whiteSpace: 'nowrap', overflow: 'visible', textOverflow: 'clip' });
        longer(e, 2 + 3 * random);
      },
      'longer text in a fixed height': (e, random) => {
        fix(L.boxOf(e));
        Object.assign(e.style, { height: 'auto', maxHeight: 'none', overflow: 'visible', whiteSpace: 'normal', display: 'block' });
        longer(e, 2 + 5 * random);
      },
      'a larger font': (e, random) => {
        fix(L.boxOf(e));
        Object.assign(e.style, { fontSize: `${parseFloat(L.style(e).fontSize) * (1.5 + 1.3 * random)}px`, overflow: 'visible', textOverflow: 'clip' });
      },
      'a narrower box': (e, random) => {
        const box = L.boxOf(e), r = fix(box);
        const width = `${r.width * (0.4 + 0.35 * random)}px`;
        Object.assign(box.style, { width, maxWidth: width });
        Object.assign(e.style, { whiteSpace: 'nowrap', overflow: 'visible', textOverflow: 'clip' });
      },
      'a lower box': (e, random) => {
        const box = L.boxOf(e), r = fix(box);
        const height = `${r.height * (0.3 + 0.35 * random)}px`;
        Object.assign(box.style, { height, maxHeight: height });
        e.style.overflow = 'visible';
      },
    },
    // Whatever else stands in the box has left it too.
    mask: (e) => {
      const box = L.boxOf(e), around = box.getBoundingClientRect();
      const lines = L.texts(box).flatMap((node) => L.rectsOf(node).map((r) => L.seen(r, L.clips(node.parentElement))));
      return { boxes: lines.filter((r) => !L.empty(r)).flatMap((r) => outside(r, around)) };
    },
    rule: () => {
      const findings = [];
      for (const e of new Set(L.everything().filter(L.hasOwnText).map(L.block))) {
        if (L.forReaders(e)) continue;
        const box = L.boxOf(e);
        if (!box) continue;
        const around = L.edges(box.getBoundingClientRect()), chain = L.clips(e), font = parseFloat(L.style(e).fontSize);
        const parts = L.texts(e).filter((node) => L.block(node) === e).flatMap(L.inkRects)
          .map((r) => L.seen(r, chain)).filter((r) => !L.empty(r));
        // What stands beside its box as a whole crosses no edge: it was put there.
        const crosses = parts.some((r) => L.wide(L.cross(r, around)) > 1);
        const out = parts.flatMap((r) => outside(r, around, 1)).filter((r) =>
          r.left >= around.right - 1 || r.right <= around.left + 1 ? L.wide(r) > 3 : L.high(r) > Math.max(1.2, 0.1 * font));
        if (!out.length) continue;
        const whole = L.join(out);
        const off = Math.max(whole.right - around.right, around.left - whole.left, whole.bottom - around.bottom, around.top - whole.top);
        const sideways = whole.right > around.right + 3 || whole.left < around.left - 3;
        // Less than half a letter beside its box is seldom seen.
        findings.push({ element: e, box: whole, off, how: sideways ? 'sideways' : 'up or down', sure: !sideways || (crosses && off > 0.3 * font) });
      }
      return findings;
    },
  };
})();
