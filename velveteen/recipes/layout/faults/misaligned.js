// An item that stands out of the line of its row, column or grid.
(() => {
  const L = window.__layout;

  const alike = (e) => e.parentElement ? [...e.parentElement.children].filter((other) => other.localName === e.localName && L.visible(other) &&
    !['absolute', 'fixed'].includes(L.style(other).position) && L.style(other).display !== 'inline') : [];
  const near = (a, b) => Math.abs(a - b) <= 1.5;
  // The items beside `e` in its row ('y': their tops should agree), or under each other in its column ('x').
  const line = (e, axis) => {
    const r = e.getBoundingClientRect();
    return alike(e).filter((other) => {
      const s = other.getBoundingClientRect();
      const overlap = axis === 'y' ? Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top) : Math.min(r.right, s.right) - Math.max(r.left, s.left);
      return other !== e && overlap > 0.5 * (axis === 'y' ? Math.min(r.height, s.height) : Math.min(r.width, s.width));
    });
  };
  const places = (e, axis) => {
    const r = e.getBoundingClientRect();
    return axis === 'y' ? [r.top, (r.top + r.bottom) / 2, r.bottom] : [r.left, (r.left + r.right) / 2, r.right];
  };
  const agree = (a, b, axis) => { const p = places(a, axis), q = places(b, axis); return p.some((value, i) => near(value, q[i])); };
  const similar = (a, b, axis) => axis === 'y' ? Math.abs(a.offsetHeight - b.offsetHeight) <= 2 : Math.abs(a.offsetWidth - b.offsetWidth) <= 2;

  const push = (axis, property) => (e, random) => {
    if (line(e, axis).filter((other) => agree(e, other, axis)).length < 2) return false;
    const r = e.getBoundingClientRect(), room = axis === 'y' ? r.height : r.width;
    const by = Math.round(Math.min(6 + 20 * random, Math.max(6, 0.5 * room))) * (random * 10 % 1 < 0.5 ? 1 : -1);
    property(e, by);
  };
  const top = (e, by) => Object.assign(e.style, { position: 'relative', top: `${by}px` });
  const left = (e, by) => Object.assign(e.style, { position: 'relative', left: `${by}px` });
  const margin = (e, by) => { e.style.marginTop = `${parseFloat(L.style(e).marginTop) + Math.abs(by)}px`; e.style.marginBottom = `${parseFloat(L.style(e).marginBottom) - Math.abs(by)}px`; };
  const indent = (e, by) => { e.style.marginInlineStart = `${parseFloat(L.style(e).marginInlineStart || 0) + Math.abs(by)}px`; };

  L.kinds.misaligned = {
    candidates: () => L.everything().filter((e) => {
      const r = e.getBoundingClientRect(), s = L.style(e);
      if (s.display === 'inline' || s.display.startsWith('table') || r.height < 14 || r.width < 14 || r.height > 0.6 * innerHeight || !L.inView(e)) return false;
      if (!L.content(e).length && !L.paints(e)) return false;
      return ['x', 'y'].some((axis) => line(e, axis).filter((other) => agree(e, other, axis)).length >= 2);
    }),
    ways: {
      'an offset in the row': push('y', top),
      'a margin in the row': push('y', margin),
      'an offset in the column': push('x', left),
      'a margin in the column': push('x', indent),
    },
    mask: (e) => {
      const off = ['x', 'y'].filter((axis) => line(e, axis).length >= 2).map((axis) =>
        Math.min(...line(e, axis).map((other) => Math.min(...places(e, axis).map((value, i) => Math.abs(value - places(other, axis)[i]))))));
      if (!off.length || Math.max(...off) < 5) return null;
      const boxes = L.paints(e) || e.matches(L.REPLACED) ? [L.edges(e.getBoundingClientRect())] : [L.join(L.content(e))];
      return { boxes: boxes.map((r) => L.seen(r, L.clips(e))) };
    },
    rule: () => {
      const findings = [];
      for (const e of L.everything()) {
        const r = e.getBoundingClientRect();
        const side = L.style(e).float;
        if (r.height < 10 || r.width < 10 || L.style(e).display === 'inline') continue;
        // What floats to one side stands in rows, and of equal height with one top; in columns it does not.
        for (const axis of side === 'none' ? ['y', 'x'] : ['y']) {
          const others = line(e, axis).filter((other) => similar(e, other, axis) && L.style(other).float === side);
          if (others.length < 2 || others.some((other) => agree(e, other, axis))) continue;
          // The others agree among themselves; else there is no line to stand out of.
          if (!others.every((other) => agree(other, others[0], axis))) continue;
          const off = Math.abs(places(e, axis)[0] - places(others[0], axis)[0]);
          if (off < 3 || off > 60) continue;
          findings.push({ element: e, box: L.edges(r), off, how: axis === 'y' ? 'up or down' : 'sideways' });
          break;
        }
      }
      return findings;
    },
  };
})();
