// Two things, at least one of them text, that stand on each other.
(() => {
  const L = window.__layout;

  const collisions = (a, b) => {
    const first = L.content(a), second = L.content(b), out = [];
    for (const r of first) for (const s of second) {
      const both = L.cross(r, s);
      if (L.wide(both) > 3 && L.high(both) > 3) out.push(L.seen(L.seen(both, L.clips(a)), L.clips(b)));
    }
    return out.filter((r) => !L.empty(r));
  };
  const fitting = (e) => L.inView(e) && !L.forReaders(e) && !['absolute', 'fixed', 'sticky'].includes(L.style(e).position) &&
    L.content(e).length > 0 && e.getBoundingClientRect().height > 10;

  // An icon at one place of a background covers nothing.
  const covers = (s) => L.opaque(s.backgroundColor) || s.backgroundImage !== 'none' && (s.backgroundRepeat !== 'no-repeat' || s.backgroundSize !== 'auto');

  // Whoever wants something over others says where; what is only taken out of the flow stays where it was, and the next comes under it.
  const SIDES = ['top', 'right', 'bottom', 'left'];
  const isPlaced = (e) => !e.computedStyleMap || SIDES.some((side) => e.computedStyleMap().get(side)?.toString() !== 'auto');

  // Lies over others on purpose: a dialog, a menu, a header that stays, a layer with a background and an order of its own.
  const isAbove = (element, other) => {
    for (let e = element; e && !e.contains(other); e = e.parentElement) {
      const s = L.style(e);
      if (['fixed', 'sticky'].includes(s.position) || e.matches(L.LAYERS)) return true;
      if (s.position === 'absolute' && (covers(s) && isPlaced(e) || parseInt(s.zIndex, 10) > 0 || e.matches('[aria-hidden=true]'))) return true;
      if (s.pointerEvents === 'none' || Number(s.opacity) < (s.position === 'absolute' ? 0.9 : 0.3)) return true;
    }
    return false;
  };

  // What would be on text, or under it, and is seen: a picture, a field, a box with a background.
  const isThing = (e) => e.matches('img, video, canvas, input, select, textarea') || (L.paints(e) && L.opaque(L.style(e).backgroundColor));
  // Whether nothing between an element and what also holds the other takes it out of the flow (or puts it elsewhere, for what `mayLeave`);
  // of a grid, two may be put into one cell.
  const isInFlow = (element, other, mayLeave = false) => {
    let e = element, item = null;
    for (; e && !e.contains(other); e = e.parentElement) {
      item = L.style(e);
      const isOut = !['static', 'relative'].includes(item.position) && !(mayLeave && item.position === 'absolute' && !isPlaced(e));
      if (isOut || item.float !== 'none' || item.transform !== 'none') return false;
    }
    return e && (!item || !L.style(e).display.includes('grid') || item.gridRowStart === 'auto' || item.gridColumnStart === 'auto');
  };

  const POINTS = [[0.1, 0.5], [0.5, 0.5], [0.9, 0.5], [0.5, 0.1], [0.5, 0.9]];
  const isOver = (e, line) => {
    const r = e.getBoundingClientRect(), first = document.elementsFromPoint((line.left + line.right) / 2, (line.top + line.bottom) / 2);
    return r.left <= line.left && r.right >= line.right && r.top <= line.top && r.bottom >= line.bottom && first.indexOf(e) < first.indexOf(line.element);
  };

  L.kinds.overlap = {
    candidates: () => {
      const pairs = [];
      for (const e of L.everything()) {
        const next = e.nextElementSibling;
        if (next && L.visible(next) && fitting(e) && fitting(next) && L.style(e).display !== 'inline' && L.style(next).display !== 'inline' &&
          (L.texts(e).length && L.texts(next).length)) pairs.push([e, next]);
      }
      return pairs;
    },
    ways: {
      'a negative margin': ([a, b], random) => {
        const r = a.getBoundingClientRect(), s = b.getBoundingClientRect();
        const share = 0.3 + 0.6 * random;
        if (s.top >= r.bottom - 2) b.style.marginTop = `${-(s.top - r.bottom) - share * Math.min(r.height, s.height)}px`;
        else if (s.left >= r.right - 2) b.style.marginLeft = `${-(s.left - r.right) - share * Math.min(r.width, s.width)}px`;
        else return false;
      },
      'an absolute position': ([a]) => {
        a.style.width = `${a.getBoundingClientRect().width}px`;
        a.style.position = 'absolute';
      },
      'a fixed height': ([a], random) => Object.assign(a.style, { height: `${a.getBoundingClientRect().height * (0.2 + 0.4 * random)}px`, minHeight: '0', overflow: 'visible' }),
      'a wrong offset': ([a, b], random) => {
        const r = a.getBoundingClientRect(), s = b.getBoundingClientRect();
        b.style.position = 'relative';
        b.style.zIndex = random < 0.5 ? '0' : '-1';
        b.style.top = `${r.top - s.top + (random - 0.5) * r.height}px`;
        b.style.left = `${r.left - s.left + random * 20}px`;
      },
    },
    mask: ([a, b]) => ({ boxes: collisions(a, b) }),
    rule: () => {
      const findings = new Map(), lines = [];
      for (const e of L.everything()) {
        if (!L.hasOwnText(e) || L.forReaders(e)) continue;
        const chain = L.clips(e), owner = L.block(e);
        for (const node of e.childNodes) if (node.nodeType === 3 && node.data.trim()) for (const r of L.inkRects(node)) {
          const s = L.seen(r, chain);
          if (!L.empty(s)) lines.push({ ...s, element: e, owner });
        }
      }
      lines.sort((p, q) => p.top - q.top);
      const report = (element, box) => {
        const before = findings.get(element);
        findings.set(element, { element, box: before ? L.join([before.box, box]) : box, off: Math.max(before ? before.off : 0, Math.min(L.wide(box), L.high(box))) });
      };
      for (let i = 0; i < lines.length && i < 4000; i += 1) {
        for (let j = i + 1; j < lines.length && lines[j].top < lines[i].bottom; j += 1) {
          const a = lines[i], b = lines[j], both = L.cross(a, b);
          if (L.wide(both) <= 3 || L.high(both) <= 2 || a.owner === b.owner && a.element === b.element) continue;
          if (isAbove(a.element, b.element) || isAbove(b.element, a.element)) continue;
          // What was taken out of the flow is where it should not be, otherwise what comes later.
          report(isInFlow(b.element, a.element) && !isInFlow(a.element, b.element) ? a.element : b.element, both);
        }
      }
      // Text under something that is no text, or on it: what the browser says lies at the line's ends, middle, top and bottom.
      for (const line of lines.slice(0, 1500)) {
        const isHere = (e) => e.contains(line.element) || line.element.contains(e);
        const others = POINTS.map(([x, y]) => {
          const stack = document.elementsFromPoint(line.left + x * L.wide(line), line.top + y * L.high(line)), own = stack.findIndex(isHere);
          return stack.find((e, place) => isThing(e) && !isHere(e) && !line.owner.contains(e) && !isAbove(e, line.element) &&
            (place < own || isInFlow(line.element, e, true) && isInFlow(e, line.element)));
        });
        const other = others.find((e) => e);
        // What is wholly under something nobody sees.
        if (!other || others.every((e) => e && isOver(e, line))) continue;
        // Labels may float over the field they are of, and fields be made of a label's parts.
        const isOfLabel = other.closest('label') || line.element.closest('label') && !(isInFlow(line.element, other) && isInFlow(other, line.element));
        if (isOfLabel) continue;
        const both = L.cross(line, other.getBoundingClientRect());
        const isToldOfOther = [...findings.values()].some(({ element, box }) => other.contains(element) && !L.empty(L.cross(box, both)));
        if (L.wide(both) > 3 && L.high(both) > 2 && !isToldOfOther) report(line.element, both);
      }
      // Fields and buttons on each other; one may stand in the other.
      const controls = L.everything().filter((e) => e.matches('input, select, textarea, button') && !L.forReaders(e)).slice(0, 1500)
        .map((e) => ({ ...L.seen(L.edges(e.getBoundingClientRect()), L.clips(e)), element: e })).filter((r) => !L.empty(r));
      const isIn = (r, s) => r.left >= s.left - 2 && r.right <= s.right + 2 && r.top >= s.top - 2 && r.bottom <= s.bottom + 2;
      for (const [i, a] of controls.entries()) for (const b of controls.slice(i + 1)) {
        const both = L.cross(a, b);
        if (L.wide(both) <= 3 || L.high(both) <= 3 || isIn(a, b) || isIn(b, a)) continue;
        if (isInFlow(a.element, b.element) && isInFlow(b.element, a.element)) report(b.element, both);
      }
      return [...findings.values()];
    },
  };
})();
