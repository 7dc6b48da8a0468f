// A page, or a part of it, without its style sheet.
(() => {
  const L = window.__layout;
  const rules = () => [...document.styleSheets].filter((sheet) => !('layoutOwn' in (sheet.ownerNode?.dataset || {}))).reduce((sum, sheet) => {
    try { return sum + sheet.cssRules.length; } catch { return sum + 1; }  // of another origin: it is there
  }, 0);
  // Chromium gives a sheet that could not be loaded no rules; an empty one that could be loaded is somebody's intention.
  const failed = (link) => {
    if (!link.href || link.disabled) return false;
    if (link.sheet === null) return true;
    try { if (link.sheet.cssRules.length) return false; } catch { return false; }
    const [entry] = performance.getEntriesByName(link.href);
    return !entry || entry.responseStatus === 0 || entry.responseStatus >= 400;
  };
  const strip = (root) => {
    for (const e of [root, ...root.querySelectorAll('*')]) { e.removeAttribute('class'); e.removeAttribute('style'); }
  };

  L.kinds.unstyled = {
    candidates: () => [document.body, ...L.everything().filter((e) => {
      const r = e.getBoundingClientRect();
      return e.matches('header, nav, main, section, aside, footer, form, article, ul, body > div, main > div') && r.height > 60 && L.inView(e, 0.5) && L.texts(e).length > 2 && e.querySelectorAll('*').length > 4;
    })],
    ways: {
      'no style sheet': () => {
        L.target = document.body;
        for (const e of document.querySelectorAll('style, link[rel=stylesheet]')) if (!('layoutOwn' in e.dataset)) e.remove();
        strip(document.body);
        scrollTo(0, 0);
      },
      'no style for a part': (e) => {
        if (e === document.body) return false;
        for (const each of [e, ...e.querySelectorAll('*')]) { each.style.cssText = ''; each.removeAttribute('class'); each.style.setProperty('all', 'revert'); }
      },
    },
    mask: (e) => ({ boxes: [e === document.body ? { ...L.view(), bottom: Math.min(innerHeight, document.documentElement.getBoundingClientRect().bottom) } : L.seen(L.edges(e.getBoundingClientRect()), L.clips(e))] }),
    rule: () => {
      const missing = [...document.querySelectorAll('link[rel~=stylesheet]')].filter(failed);
      const bare = rules() === 0 && document.querySelectorAll('[style]').length < 3 && document.body.querySelectorAll('*').length > 5 &&
        L.texts(document.body).length > 3;
      if (!bare && !missing.length) return [];
      const box = { ...L.view(), bottom: Math.min(innerHeight, Math.max(40, document.documentElement.getBoundingClientRect().bottom)) };
      return [{ element: document.body, box, how: missing.length ? missing[0].href.slice(0, 120) : '', sure: bare }];
    },
  };
})();
