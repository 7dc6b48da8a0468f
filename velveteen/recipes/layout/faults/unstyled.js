// A page, or a part of it, without its style sheet.
(() => {
  const L = window.__layout;
  // The rules of a style sheet; null where it is of another origin, so that nobody may read them.
  const rulesOf = (sheet) => { try { return [...sheet.cssRules]; } catch { return null; } };
  const sheets = () => [...document.styleSheets].filter((sheet) => !('layoutOwn' in (sheet.ownerNode?.dataset || {})));
  const rules = () => sheets().reduce((sum, sheet) => sum + (rulesOf(sheet)?.length ?? 1), 0);
  // Chromium gives a sheet that could not be loaded no rules; an empty one that could be loaded is somebody's intention.
  const failed = (link) => {
    if (!link.href || link.disabled) return false;
    if (link.sheet === null) return true;
    if (rulesOf(link.sheet)?.length !== 0) return false;
    const [entry] = performance.getEntriesByName(link.href);
    return !entry || entry.responseStatus === 0 || entry.responseStatus >= 400;
  };
  const strip = (root) => {
    for (const e of [root, ...root.querySelectorAll('*')]) { e.removeAttribute('class'); e.removeAttribute('style'); }
  };

  // Links and buttons look the same in all pages without style, and other in nearly all with.
  const TELLING = 'a[href], button';
  const BROWSERS_COLOURS = ['rgb(0, 0, 238)', 'rgb(85, 26, 139)', 'rgb(158, 158, 255)', 'rgb(208, 173, 240)'];  // of links: new and visited, light and dark
  const hasBrowsersLook = (e) => {
    const s = L.style(e);
    if (e.tagName === 'A') return BROWSERS_COLOURS.includes(s.color) && s.textDecorationLine === 'underline';
    if (e.tagName !== 'BUTTON') return s.borderTopStyle === 'inset';
    return s.borderTopStyle === 'outset' && s.backgroundColor === 'rgb(239, 239, 239)';
  };
  const INLINE = 'a, span, strong, b, em, i, code, small';
  const BLOCKS = 'div, p, ul, ol, dl, dt, dd, nav, section, header, footer, article, aside, main, h1, h2, h3, h4, h5, h6, form';
  // Whether nothing of an element is other than the browser makes it by itself; of others than these nothing is known.
  const isBare = (e) => {
    const s = L.style(e);
    if (e.matches(TELLING) && !hasBrowsersLook(e)) return false;
    if (!e.matches(`${INLINE}, ${BLOCKS}, li`) || s.display === 'none') return true;
    return s.display === (e.matches(INLINE) ? 'inline' : e.matches('li') ? 'list-item' : 'block') && s.float === 'none' && s.position === 'static' &&
      s.backgroundImage === 'none' && !L.opaque(s.backgroundColor) &&
      ['borderTopWidth', 'borderBottomWidth', 'paddingTop', 'paddingBottom'].every((length) => parseFloat(s[length]) === 0);
  };
  const isBareInAll = (part) => isBare(part) && [...part.querySelectorAll('*')].every(isBare);
  // Whether a rule for a class means one of these elements, though what it does to it may not be told by its look.
  const isMeant = (elements) => sheets().flatMap((sheet) => rulesOf(sheet) ?? []).flatMap(({ selectorText = '' }) => selectorText.split(','))
    .filter((part) => /\./.test(part.replace(/:not\(.*?\)|\[.*?\]/g, '')) && CSS.supports(`selector(${part})`))
    .some((part) => elements.some((e) => e.matches(part)));
  // Whether the style sheets have many rules, and nothing in sight shows that one of them holds.
  const isUntouched = () => {
    const seen = [...document.body.querySelectorAll(`${INLINE}, ${BLOCKS}, li, ${TELLING}`)].filter((e) => L.visible(e) && !L.empty(L.cross(e.getBoundingClientRect(), L.view())));
    const telling = seen.filter((e) => e.matches(TELLING) && L.texts(e).length), plain = telling.filter(hasBrowsersLook);
    return seen.length > 5 && plain.length > 1 && rules() >= 20 && telling.length - plain.length <= 0.2 * plain.length &&
      seen.filter(isBare).length >= 0.95 * seen.length && !isMeant(seen);
  };
  // The part that lost its style: all in it is bare, and the rest has a look of its own, that of what tells above all.
  const barePart = () => {
    const telling = [...document.querySelectorAll(TELLING)].filter((e) => L.visible(e) && L.texts(e).length);
    const plain = telling.filter(hasBrowsersLook), styled = telling.length - plain.length;
    if (!plain.length) return null;
    let part = plain[0];
    const isBareAround = (parent) => isBare(parent) && [...parent.children].every((child) => child === part || isBareInAll(child));
    if (!isBareInAll(part)) return null;
    while (part.parentElement !== document.body && isBareAround(part.parentElement)) part = part.parentElement;
    const count = part.querySelectorAll('*').length;
    if (count <= 4 || !plain.every((e) => part.contains(e))) return null;
    const others = [...document.body.querySelectorAll('*')].filter((e) => !part.contains(e) && L.visible(e));
    const isSmall = plain.length > 2 && count < 0.3 * others.length && others.filter((e) => !isBare(e)).length >= 8;
    const hasOtherLook = styled >= Math.max(4, plain.length > 1 ? 0.25 * plain.length : 10);
    // On a page with little style most may be meant to be bare.
    return isSmall || hasOtherLook ? { element: part, how: 'a part', sure: isSmall || styled >= plain.length } : null;
  };

  // What one sees of a fault: who does not know how the page was sees that links, buttons or fields are as the browser makes them, or that
  // the whole page has its font. Of a text that lost its margins and colours alone nobody would say so.
  const SHOWING = `${TELLING}, input, textarea`;
  let before = null;
  const look = () => ({ plain: new Set([...document.querySelectorAll(SHOWING)].filter(hasBrowsersLook)), font: L.style(document.body).fontFamily });
  const shows = (part) => {
    const isNew = (e) => L.visible(e) && !before.plain.has(e) && hasBrowsersLook(e) && !L.empty(L.seen(L.edges(e.getBoundingClientRect()), L.clips(e)));
    return [...part.querySelectorAll(SHOWING)].filter(isNew).length > 1 || look().font !== before.font;
  };

  L.kinds.unstyled = {
    candidates: () => [document.body, ...L.everything().filter((e) => {
      const r = e.getBoundingClientRect();
      return e.matches('header, nav, main, section, aside, footer, form, article, ul, body > div, main > div') && r.height > 60 && L.inView(e, 0.5) && L.texts(e).length > 2 && e.querySelectorAll('*').length > 4;
    })],
    ways: {
      'no style sheet': () => {
        L.target = document.body;
        before = look();
        for (const e of document.querySelectorAll('style, link[rel=stylesheet]')) if (!('layoutOwn' in e.dataset)) e.remove();
        strip(document.body);
        scrollTo(0, 0);
      },
      'no style for a part': (e) => {
        if (e === document.body) return false;
        before = look();
        for (const each of [e, ...e.querySelectorAll('*')]) { each.style.cssText = ''; each.removeAttribute('class'); each.style.setProperty('all', 'revert'); }
      },
    },
    mask: (e) => {
      if (!shows(e)) return null;
      const whole = { ...L.view(), bottom: Math.min(innerHeight, document.documentElement.getBoundingClientRect().bottom) };
      return { boxes: [e === document.body ? whole : L.seen(L.edges(e.getBoundingClientRect()), L.clips(e))] };
    },
    rule: () => {
      const missing = [...document.querySelectorAll('link[rel~=stylesheet]')].filter(failed);
      // Some scripts give elements a size of their own, and that is all the style they have then.
      const count = document.body.querySelectorAll('*').length, own = document.querySelectorAll('[style]').length;
      const bare = rules() === 0 && own < Math.max(3, 0.2 * count) && count > 5 && L.texts(document.body).length > 3;
      const how = missing.length ? missing[0].href.slice(0, 120) : bare ? '' : 'untouched';
      if (bare || missing.length || isUntouched()) {
        const box = { ...L.view(), bottom: Math.min(innerHeight, Math.max(40, document.documentElement.getBoundingClientRect().bottom)) };
        return [{ element: document.body, box, how, sure: bare || how === 'untouched' }];
      }
      const part = barePart();
      const box = part && L.seen(L.edges(part.element.getBoundingClientRect()), L.clips(part.element));
      return part && !L.empty(box) ? [{ ...part, box }] : [];
    },
  };
})();
