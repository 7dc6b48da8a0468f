// Content that leaves the page at its left or right side.
(() => {
  const L = window.__layout;
  const NEAR = 160;  // so many pixels beside the edge belong to the fault

  const leaving = (element) => {
    const width = L.view().right, out = [];
    for (const e of [element, ...element.querySelectorAll('*')]) {
      if (!L.visible(e)) continue;
      const own = L.hasOwnText(e) ? [...e.childNodes].filter((n) => n.nodeType === 3 && n.data.trim()).flatMap(L.rectsOf) : [];
      if (e.matches('img, video, canvas, button, input, select, textarea, iframe')) own.push(L.edges(e.getBoundingClientRect()));
      if (!own.length || L.forReaders(e)) continue;
      const chain = L.clips(e);
      for (const r of own) {
        const kept = chain.reduce(L.cross, r);
        if (L.empty(kept)) continue;
        if (kept.right > width + 3 && kept.left < width) out.push({ element: e, side: 'right', off: kept.right - width, box: { ...kept, left: Math.max(kept.left, width - NEAR), right: width } });
        if (kept.left < -3 && kept.right > 0) out.push({ element: e, side: 'left', off: -kept.left, box: { ...kept, left: 0, right: Math.min(kept.right, NEAR) } });
      }
    }
    return out;
  };

  L.kinds['out-of-viewport'] = {
    candidates: () => L.everything().filter((e) => {
      const r = e.getBoundingClientRect(), s = L.style(e);
      return s.display !== 'inline' && !s.display.startsWith('table-') && r.width > 60 && r.height > 14 && r.height < 0.7 * innerHeight &&
        L.inView(e) && !L.forReaders(e) && L.clips(e).every((clip) => clip.element === e) && L.content(e).length > 0;
    }),
    ways: {
      'a large margin': (e, random) => {
        const r = e.getBoundingClientRect();
        Object.assign(e.style, { width: `${r.width}px`, maxWidth: 'none', flexShrink: '0', position: 'relative', left: `${L.view().right - r.left - r.width * (0.3 + 0.6 * random)}px` });
      },
      'a fixed width': (e, random) => Object.assign(e.style, { width: `${L.view().right * (1.1 + 0.6 * random)}px`, maxWidth: 'none', minWidth: `${L.view().right * 1.1}px`, flexShrink: '0' }),
      'text that does not wrap': (e, random) => {
        const inside = [e, ...e.querySelectorAll('*')].filter(L.hasOwnText);
        for (const each of inside) each.style.whiteSpace = 'nowrap';
        const node = [...inside[Math.floor(random * inside.length * 0.999)]?.childNodes || []].find((n) => n.nodeType === 3 && n.data.trim());
        if (!node) return false;
        node.data = Array(Math.ceil(3 + 6 * random)).fill(node.data.trim()).join(' ');
        Object.assign(e.style, { maxWidth: 'none', overflow: 'visible' });
      },
      'a negative margin': (e, random) => {
        const r = e.getBoundingClientRect();
        Object.assign(e.style, { width: `${r.width}px`, position: 'relative', left: `${-r.left - r.width * (0.1 + 0.5 * random)}px` });
      },
      'an absolute position': (e, random) => {
        const r = e.getBoundingClientRect();
        Object.assign(e.style, { position: 'fixed', width: `${r.width}px`, top: `${r.top}px`, left: `${L.view().right - r.width * (0.3 + 0.6 * random)}px` });
      },
      'a page wider than its viewport': (e, random) => {
        layoutTarget(document.body);
        Object.assign(document.body.style, { minWidth: `${L.view().right * (1.1 + 0.5 * random)}px` });
      },
    },
    mask: (e) => {
      const out = leaving(e);
      const width = L.view().right;
      return { boxes: out.map((each) => each.box), edges: out.map((each) => ({ side: each.side, at: each.side === 'right' ? width : 0, box: [each.box.left, each.box.top, L.wide(each.box), L.high(each.box)] })) };
    },
    rule: () => {
      const findings = new Map();
      for (const each of leaving(document.body)) {
        let { element } = each;
        const owner = L.block(element);
        if (owner !== document.body) element = owner;
        const s = L.style(element);
        // A drawer beside the page, decoration, and a row of cards that goes on: cut on purpose.
        if (element.closest('[aria-hidden=true]') || (each.side === 'right' && L.isLayer(element))) continue;
        const before = findings.get(element);
        findings.set(element, { element, box: before ? L.join([before.box, each.box]) : each.box, off: Math.max(before ? before.off : 0, each.off), how: each.side });
      }
      return [...findings.values()];
    },
  };
  const layoutTarget = (element) => { L.target = element; };
})();
