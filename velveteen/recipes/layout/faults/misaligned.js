// An item that stands out of the line of its row, column or grid.
(() => {
  const L = window.__layout;

  // While the rule looks, the page stays as it is, and the same is asked of all pairs of siblings: so each is asked once.
  let known = null;
  const once = (name, make) => (e) => {
    if (!known) return make(e);
    const found = known[name] ||= new Map();
    if (!found.has(e)) found.set(e, make(e));
    return found.get(e);
  };
  const rectOf = once('rects', (e) => e.getBoundingClientRect());
  const floatOf = once('floats', (e) => L.style(e).float);
  const flowOf = once('flows', (parent) => [...parent.children].filter((e) => L.visible(e) &&
    !['absolute', 'fixed'].includes(L.style(e).position) && L.style(e).display !== 'inline'));
  const blocksOf = once('blocks', (parent) => flowOf(parent).filter((e) => !L.style(e).display.startsWith('inline') && floatOf(e) === 'none'));
  const alike = (e) => e.parentElement ? flowOf(e.parentElement).filter((other) => other.localName === e.localName) : [];
  const near = (a, b) => Math.abs(a - b) <= 1.5;
  // The items beside `e` in its row ('y': their tops should agree), or under each other in its column ('x').
  const line = (e, axis, items = alike(e)) => {
    const r = rectOf(e);
    return items.filter((other) => {
      const s = rectOf(other);
      const overlap = axis === 'y' ? Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top) : Math.min(r.right, s.right) - Math.max(r.left, s.left);
      return other !== e && overlap > 0.5 * (axis === 'y' ? Math.min(r.height, s.height) : Math.min(r.width, s.width));
    });
  };
  const placesOf = (r, axis) => axis === 'y' ? [r.top, (r.top + r.bottom) / 2, r.bottom] : [r.left, (r.left + r.right) / 2, r.right];
  const places = (e, axis) => placesOf(rectOf(e), axis);
  const agree = (a, b, axis) => { const p = places(a, axis), q = places(b, axis); return p.some((value, i) => near(value, q[i])); };
  const similar = (a, b, axis) => axis === 'y' ? Math.abs(a.offsetHeight - b.offsetHeight) <= 2 : Math.abs(a.offsetWidth - b.offsetWidth) <= 2;

  // By how many pixels an item stands out of the line of others, which agree among themselves; 0 where there is no line.
  const standsOut = (e, axis, others) => {
    if (others.some((other) => similar(e, other, axis) && agree(e, other, axis))) return 0;
    const isWord = L.style(e).display.startsWith('inline-');
    const like = others.filter((other) => similar(e, other, axis));
    if (like.length >= 2) {
      // One of five may be meant to stand elsewhere.
      const most = isWord ? like.length : Math.max(2, 0.8 * like.length);
      const first = like.find((other) => like.filter((each) => agree(each, other, axis)).length >= most);
      return first ? Math.abs(places(e, axis)[0] - places(first, axis)[0]) : 0;
    }
    // Unlike ones must be more, and have the same edge, or middle, in common. Words of a text and the columns of a page need not.
    if (isWord || rectOf(e).height >= 0.3 * innerHeight || others.length < 3 || others.some((other) => agree(e, other, axis))) return 0;
    const common = [0, 1, 2].filter((i) => others.every((other) => near(places(other, axis)[i], places(others[0], axis)[i])));
    const off = Math.min(...common.map((i) => Math.abs(places(e, axis)[i] - places(others[0], axis)[i])));
    return common.length && off >= 5 ? off : 0;
  };

  // The same in a column of blocks of whatever sort, if they are as wide. Where another one of its sort stands as far away, it is meant.
  const standsOutOfBlocks = (e) => {
    if (L.style(e).display.startsWith('inline')) return 0;
    const blocks = blocksOf(e.parentElement).filter((other) => similar(e, other, 'x'));
    const off = standsOut(e, 'x', line(e, 'x', blocks));
    const isUsual = () => [...document.getElementsByTagName(e.localName)].some((other) => other !== e && other.className === e.className &&
      !other.contains(e) && !e.contains(other) && near(places(other, 'x')[0], places(e, 'x')[0]));
    return off && !isUsual() ? off : 0;
  };

  // The same for a column whose items stand to the left or to the right, as in a chat: every other one has companions.
  const standsOutOfSides = (e) => {
    const own = rectOf(e), others = alike(e).filter((other) => other !== e).map((other) => rectOf(other));
    if (others.length < 4 || own.width > 0.8 * e.parentElement.clientWidth || own.height >= 0.3 * innerHeight) return 0;
    if (others.some((r) => r.top < own.bottom - 1 && r.bottom > own.top + 1)) return 0;
    const offs = (r) => [Math.abs(r.left - own.left), Math.abs(r.right - own.right)], off = Math.min(...others.flatMap(offs));
    const hasCompanion = (r) => others.some((other) => other !== r && (near(r.left, other.left) || near(r.right, other.right)));
    return off >= 5 && off <= 30 && others.every(hasCompanion) ? off : 0;
  };

  // The same for an item that begins a row, of rows that wrap: there the left edges agree, or where one reads from the right, those.
  const standsOutOfRows = (e) => {
    const { display, direction, flexWrap, justifyContent } = L.style(e.parentElement);
    if (!/flex|grid/.test(display)) return 0;  // in a text there can be words before it
    const isWrapped = display.includes('flex') && flexWrap === 'wrap' && /normal|start|left/.test(justifyContent);
    const isBeside = (a, b) => Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.5 * Math.min(a.height, b.height);
    const rects = alike(e).map((other) => rectOf(other)), own = rectOf(e);
    const [side, way] = direction === 'rtl' ? ['right', -1] : ['left', 1];
    const isFirst = (r) => rects.every((other) => !isBeside(r, other) || way * (r[side] - other[side]) <= 0);
    const firsts = rects.filter((r) => isFirst(r) && !isBeside(r, own));
    const off = firsts.length ? Math.abs(own[side] - firsts[0][side]) : 0;
    const isLine = firsts.length >= 2 && (isWrapped || firsts.length < rects.length - 1) && firsts.every((r) => near(r[side], firsts[0][side]));
    return isLine && off >= 4 && own.width < 0.5 * innerWidth && isFirst({ ...L.edges(own), height: own.height }) ? off : 0;
  };

  // For making data, what one sees of an item: the box it paints, if it is not painted on its own colour, or what is in it.
  const drawn = (e) => {
    const isBox = e.matches(L.REPLACED) || (L.paints(e) && !isOnItsOwnColour(e));
    const boxes = isBox ? [L.edges(e.getBoundingClientRect())] : L.content(e);
    const box = boxes.length ? L.seen(L.join(boxes), L.clips(e)) : null;
    return box && !L.empty(box) ? box : null;
  };
  const isOnItsOwnColour = (e) => {
    const s = L.style(e), sides = ['Top', 'Right', 'Bottom', 'Left'];
    if (s.backgroundImage !== 'none' || s.boxShadow !== 'none') return false;
    if (sides.some((side) => parseFloat(s[`border${side}Width`]) > 0 && L.opaque(s[`border${side}Color`]))) return false;
    let ground = e.parentElement;
    while (ground && !L.opaque(L.style(ground).backgroundColor)) ground = ground.parentElement;
    return s.backgroundColor === (ground ? L.style(ground).backgroundColor : 'rgb(255, 255, 255)');
  };
  // By how much it stands out of the lines that one sees: at least two others, and half of them, have an edge or the middle in common.
  const offSeenLines = (e, own, axis) => {
    if (axis === 'x' && L.style(e).whiteSpace.startsWith('pre') && !L.paints(e)) return 0;  // in code each line begins where it must
    const others = line(e, axis).map(drawn).filter((r) => r).map((r) => placesOf(r, axis));
    const most = Math.max(2, others.length / 2);
    const offs = placesOf(own, axis).flatMap((place, i) => others
      .filter((other) => others.filter((each) => near(each[i], other[i])).length >= most)
      .map((other) => Math.abs(place - other[i])));
    return offs.length ? Math.min(...offs) : 0;
  };

  let moved = 'x';  // along which axis an item was moved last
  const push = (axis, property) => (e, random) => {
    moved = axis;
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
      const own = drawn(e);
      return own && offSeenLines(e, own, moved) >= 5 ? { boxes: [own] } : null;
    },
    rule: () => {
      const findings = [];
      known = {};
      for (const e of L.everything()) {
        const r = rectOf(e), side = floatOf(e);
        if (r.height < 10 || r.width < 10 || L.style(e).display === 'inline') continue;
        // What floats to one side stands in rows, and of equal height with one top; in columns it does not.
        for (const axis of side === 'none' ? ['y', 'x'] : ['y']) {
          const off = standsOut(e, axis, line(e, axis).filter((other) => floatOf(other) === side)) ||
            (axis === 'x' ? standsOutOfBlocks(e) || standsOutOfRows(e) || standsOutOfSides(e) : 0);
          if (off < 3 || off > 60) continue;
          findings.push({ element: e, box: L.edges(r), off, how: axis === 'y' ? 'up or down' : 'sideways' });
          break;
        }
      }
      known = null;
      return findings;
    },
  };
})();
