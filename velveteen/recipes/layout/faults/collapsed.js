// A container that has not the room its content needs: nearly no height, or a column of single letters.
(() => {
  const L = window.__layout;

  const LEAST_SCROLLED = 3;  // of the font's size: who wants somebody to scroll shows more than a line

  const shown = (e) => {
    const chain = L.clips(e).filter((clip) => clip.element !== e);
    const hidden = L.style(e).overflow !== 'visible';
    const boxes = hidden ? [] : L.content(e);
    boxes.push(L.edges(e.getBoundingClientRect()));
    return [L.seen(L.join(boxes), chain)];
  };
  // Words that are broken, a few letters a line, so that there are more lines than words. Scripts without spaces may break anywhere, but not
  // after each letter or two.
  const lettersInColumn = (e) => {
    const text = [...e.childNodes].filter((n) => n.nodeType === 3 && n.data.trim());
    const words = text.flatMap((n) => n.data.trim().split(/\s+/)), rects = text.flatMap(L.rectsOf);
    if (!rects.length) return false;
    const lines = new Set(rects.map((r) => Math.round(r.top))).size;
    const most = Math.max(...rects.map(L.wide)) / parseFloat(L.style(e).fontSize);
    if (words.some((word) => /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u.test(word))) return lines >= 5 && most < 2.2;
    const isNarrow = most < 4;
    return lines >= 3 && lines > 1.4 * words.length && isNarrow;
  };

  // Lower than its text on purpose, somewhere between the text and the container: it scrolls, fades, or ends in dots.
  const shortened = (text, container) => {
    for (let e = text; e; e = e.parentElement) {
      const s = L.style(e);
      const scrolls = ['auto', 'scroll'].includes(s.overflowY) && e.scrollHeight > e.clientHeight + 1 && e.clientHeight >= LEAST_SCROLLED * parseFloat(s.fontSize);
      if (scrolls || s.maskImage !== 'none' || (s.webkitLineClamp && s.webkitLineClamp !== 'none')) return true;
      if (e === container) return false;
    }
    return false;
  };

  L.kinds.collapsed = {
    candidates: () => L.everything().filter((e) => {
      const r = e.getBoundingClientRect(), s = L.style(e);
      return L.paints(e) && s.display !== 'inline' && !s.display.startsWith('table') && !e.matches(L.REPLACED) && r.width > 80 && r.height > 36 &&
        r.height < 0.7 * innerHeight && L.textRects(e).length > 0 && L.inView(e) && !['fixed', 'absolute'].includes(s.position);
    }),
    ways: {
      'no height': (e, random) => Object.assign(e.style, { height: `${Math.round(6 * random)}px`, minHeight: '0', maxHeight: `${Math.round(6 * random)}px`, paddingTop: '0', paddingBottom: '0', overflow: 'visible', flexBasis: 'auto', flexGrow: '0', alignSelf: 'flex-start' }),
      'no height, and cut': (e, random) => Object.assign(e.style, { height: `${Math.round(6 + 8 * random)}px`, minHeight: '0', maxHeight: '14px', paddingTop: '0', paddingBottom: '0', overflow: 'hidden', alignSelf: 'flex-start' }),
      'no width': (e, random) => {
        const width = `${Math.round(14 + 18 * random)}px`;
        Object.assign(e.style, { width, minWidth: '0', maxWidth: width, flex: `0 0 ${width}`, paddingLeft: '0', paddingRight: '0', overflowWrap: 'anywhere', wordBreak: 'break-all', whiteSpace: 'normal', overflow: 'visible' });
        for (const inside of e.querySelectorAll('*')) Object.assign(inside.style, { minWidth: '0', maxWidth: '100%', whiteSpace: 'normal', wordBreak: 'break-all' });
      },
      'content out of the flow': (e) => {
        if (!e.children.length) return false;
        const width = e.getBoundingClientRect().width;
        e.style.width = `${width}px`;
        e.style.minHeight = '0';
        for (const child of e.children) { child.style.maxWidth = `${width}px`; child.style.position = 'absolute'; }
      },
    },
    // A container that its row or grid keeps high has not collapsed, whatever has left its flow.
    mask: (e) => {
      const r = e.getBoundingClientRect(), lines = L.textRects(e);
      const isLow = lines.length > 0 && r.height < 0.5 * L.high(L.join(lines));
      return isLow || r.height < 15 || r.width < 48 ? { boxes: shown(e) } : null;
    },
    rule: () => {
      const findings = [];
      for (const e of L.everything()) {
        const s = L.style(e), r = e.getBoundingClientRect();
        if (s.display === 'contents' || L.forReaders(e)) continue;
        if (L.hasOwnText(e) && s.writingMode === 'horizontal-tb' && lettersInColumn(e)) {
          findings.push({ element: e, box: L.join([L.edges(r), ...L.content(e)]), off: r.width, how: 'width' });
          continue;
        }
        if (s.display === 'inline' || e.matches(L.REPLACED)) continue;
        if (!L.paints(e) || r.height < 1) continue;
        const lines = L.texts(e).filter((node) => !shortened(node.parentElement, e)).flatMap(L.rectsOf);
        if (!lines.length) continue;
        // Of a box that cuts, and in which nothing is left to be read, pictures count too.
        const isCut = s.overflowY === 'hidden' && lines.every((line) => L.empty(L.seen(line, L.clips(e))));
        const needed = L.join(isCut ? [...lines, ...L.content(e)] : lines), missing = L.high(needed) - r.height;
        if (r.height < (isCut ? 0.75 : 0.45) * L.high(needed) && missing > 8 && needed.bottom > r.bottom) findings.push({ element: e, box: shown(e)[0], off: missing, how: 'height' });
      }
      return findings;
    },
  };
})();
