// A picture that could not be loaded, and shows the browser's own sign for that.
(() => {
  const L = window.__layout;
  const broken = (e) => e.complete && e.naturalWidth === 0 && Boolean(e.currentSrc || e.getAttribute('src'));
  const fails = (e, source) => new Promise((done) => {
    // A page's own script may put another picture in its place.
    e.addEventListener('error', () => setTimeout(done, 100), { once: true });
    setTimeout(done, 500);
    e.removeAttribute('srcset');
    e.loading = 'eager';
    e.src = source;
  });
  const BAD = 'data:image/png;base64,AAAA';

  L.kinds['broken-image'] = {
    candidates: () => L.everything().filter((e) => {
      const r = e.getBoundingClientRect();
      return e.matches('img') && r.width >= 20 && r.height >= 20 && !broken(e) && L.inView(e, 0.5);
    }),
    ways: {
      'an image that fails': (e) => fails(e, BAD),
      'an image that fails, of a fixed size': (e) => {
        const r = e.getBoundingClientRect();
        Object.assign(e.style, { width: `${r.width}px`, height: `${r.height}px` });
        return fails(e, BAD);
      },
      'an image that fails, with other words': (e, random) => {
        e.alt = random < 0.5 ? document.title.slice(0, 40) : 'image';
        return fails(e, BAD);
      },
    },
    mask: (e) => broken(e) ? { boxes: [L.seen(L.edges(e.getBoundingClientRect()), L.clips(e))] } : null,
    rule: () => L.everything().filter((e) => e.matches('img') && broken(e) && Math.min(e.offsetWidth, e.offsetHeight) >= 4 && !L.forReaders(e))
      .map((e) => ({ element: e, box: L.seen(L.edges(e.getBoundingClientRect()), L.clips(e)), how: (e.currentSrc || e.src).slice(0, 120) })),
  };
})();
