// Text of which a part is cut off, through its letters.
(() => {
  const L = window.__layout;
  const NEAR = 2;  // of the font's size: so much of a line beside the cut belongs to the fault

  // The rectangle of a line is higher than its letters: less than `least` of it is no cut.
  const cuts = (e, rectsOf = L.rectsOf, least = 0.22) => {
    const found = [];
    for (const node of L.texts(e)) {
      const owner = node.parentElement, chain = L.clips(owner).filter((clip) => e.contains(clip.element) || clip.element.contains(e));
      const font = parseFloat(L.style(owner).fontSize);
      for (const r of rectsOf(node)) {
        for (const clip of chain) {
          const rest = L.seen(r, L.clips(owner));
          if (L.empty(rest)) continue;
          for (const [side, off] of [['right', r.right - clip.right], ['left', clip.left - r.left]]) {
            if (off <= 2 || L.scrollable(clip, 'x')) continue;
            const near = side === 'right' ? { ...rest, left: Math.max(rest.left, rest.right - NEAR * font) }
              : { ...rest, right: Math.min(rest.right, rest.left + NEAR * font) };
            found.push({ box: near, side, at: clip[side], off, clip, rect: r, owner });
          }
          const scrolled = chain.filter((each) => L.scrollable(each, 'y') && clip.element.contains(each.element)).reduce(L.cross, r);
          for (const [side, off] of [['bottom', scrolled.bottom - clip.bottom], ['top', clip.top - scrolled.top]]) {
            if (off > least * L.high(r) && !L.scrollable(clip, 'y')) found.push({ box: rest, side, at: clip[side], off, clip, rect: r, owner });
          }
        }
      }
    }
    return found;
  };
  const shortens = (e, side) => {
    const s = L.style(e), isAtTheSide = side === 'right' || side === 'left';
    return (isAtTheSide && s.textOverflow !== 'clip' && s.overflowX !== 'visible') || (s.webkitLineClamp && s.webkitLineClamp !== 'none');
  };
  // Shortened by design: dots, or a fading end.
  const byDesign = (cut) => {
    for (let e = cut.owner; e; e = e.parentElement) {
      const s = L.style(e);
      if (shortens(e, cut.side)) return true;
      if (s.maskImage !== 'none' || s.filter !== 'none') return true;
      if (e === cut.clip.element) break;
    }
    if (cut.side === 'bottom') {
      for (const pseudo of ['::after', '::before']) if (getComputedStyle(cut.clip.element, pseudo).backgroundImage.includes('gradient')) return true;
      for (const child of cut.clip.element.children) {
        if (L.style(child).position === 'absolute' && L.style(child).backgroundImage.includes('gradient')) return true;
      }
    }
    // A carousel's card is cut as a whole, at the side.
    if (cut.side === 'right' || cut.side === 'left') {
      for (let e = L.block(cut.owner); e && e !== cut.clip.element; e = e.parentElement) {
        const r = e.getBoundingClientRect(), parent = e.parentElement && L.style(e.parentElement);
        const item = parent && (parent.display.includes('flex') || parent.display.includes('grid')) && e.parentElement.children.length > 2;
        const moved = L.style(e).position === 'absolute' || L.style(e).transform !== 'none';
        if ((item || moved) && (cut.side === 'right' ? r.right > cut.at + 2 : r.left < cut.at - 2)) return true;
      }
    }
    return false;
  };
  const hold = (e) => {
    const r = e.getBoundingClientRect();
    Object.assign(e.style, { boxSizing: 'border-box', width: `${r.width}px`, minWidth: '0', maxWidth: `${r.width}px`, minHeight: '0', overflow: 'hidden',
      textOverflow: 'clip', webkitLineClamp: 'none', flexShrink: '0' });
    return r;
  };
  const repeat = (e, times) => {
    const node = [...e.childNodes].find((n) => n.nodeType === 3 && n.data.trim());
    node.data = Array(Math.ceil(times)).fill(node.data.trim()).join(' ');
  };

  L.kinds['text-clipped'] = {
    candidates: () => L.everything().filter((e) => {
      const s = L.style(e);
      if (!L.hasOwnText(e) || s.display === 'inline' || s.display.startsWith('table') || L.forReaders(e) || !L.inView(e)) return false;
      const [r] = [e.getBoundingClientRect()];
      return r.width > 24 && r.height > 10 && r.height < 0.6 * innerHeight;
    }),
    ways: {
      'a fixed height': (e, random) => {
        const lines = L.textRects(e), r = hold(e);
        const line = lines[Math.floor(random * lines.length * 0.999)];
        const height = line.top - r.top + L.high(line) * (0.3 + 0.4 * random);
        Object.assign(e.style, { height: `${height}px`, maxHeight: `${height}px` });
      },
      'longer text that does not wrap': (e, random) => {
        const r = hold(e);
        Object.assign(e.style, { whiteSpace: 'nowrap', height: `${r.height}px` });
        repeat(e, 2 + 3 * random);
      },
      'longer text in a fixed height': (e, random) => {
        const r = hold(e);
        const height = r.height * (1 + 0.3 * random);
        Object.assign(e.style, { whiteSpace: 'normal', display: 'block', height: `${height}px`, maxHeight: `${height}px` });
        repeat(e, 3 + 4 * random);
      },
      'a larger font': (e, random) => {
        const r = hold(e);
        Object.assign(e.style, { height: `${r.height}px`, maxHeight: `${r.height}px`, fontSize: `${parseFloat(L.style(e).fontSize) * (1.5 + random)}px` });
      },
      'a narrower box': (e, random) => {
        const r = hold(e);
        const width = `${r.width * (0.35 + 0.4 * random)}px`;
        Object.assign(e.style, { whiteSpace: 'nowrap', width, maxWidth: width });
      },
    },
    mask: (e) => {
      const found = cuts(e).filter((cut) => cut.clip.element === e);
      return { boxes: found.map((cut) => cut.box), edges: found.map((cut) => ({ side: cut.side, at: cut.at, box: [cut.rect.left, cut.rect.top, L.wide(cut.rect), L.high(cut.rect)] })) };
    },
    rule: () => {
      const findings = new Map();
      for (const e of new Set(L.everything().filter(L.hasOwnText).map(L.block))) {
        if (L.forReaders(e)) continue;
        for (const cut of cuts(e, L.inkRects, 0.1)) {
          if (cut.box.left >= innerWidth || byDesign(cut)) continue;
          const before = findings.get(e);
          findings.set(e, { element: e, box: before ? L.join([before.box, cut.box]) : cut.box, off: Math.max(before ? before.off : 0, cut.off), how: cut.side });
        }
      }
      return [...findings.values()];
    },
  };
})();
