// What `pages.py` asks of a page. Our own additions are left out, so that elements can be matched by order.
window.irBuild = (() => {
  const FRAME = 40; // milliseconds
  const OURS = "picture[data-ir], source[data-ir], link[data-ir]";
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const jump = (top) => scrollTo({ top, behavior: "instant" });
  // What is in closed <details> has a box, and is not shown.
  const visible = (one) => one.checkVisibility() && one.getClientRects().length;
  const seen = () => [...document.images].filter(visible);
  const pending = () => seen().filter((image) => !image.complete);
  const elements = () => [...document.querySelectorAll("*")].filter((one) => !one.matches(OURS));
  // What moves is not what moved it. So a shift counts as one by a picture when a picture changed its size in
  // the same frame; the first size of each is its own.
  const resized = [];
  const known = new WeakSet();
  const sizes = new ResizeObserver((list) => {
    if (list.some(({ target }) => known.has(target))) resized.push(performance.now());
    for (const { target } of list) known.add(target);
  });
  const watch = () => document.querySelectorAll("img").forEach((image) => sizes.observe(image));
  new MutationObserver(watch).observe(document, { childList: true, subtree: true });
  const byPicture = (entry) => resized.some((time) => Math.abs(time - entry.startTime) < FRAME);
  const shifts = [];
  const observer = new PerformanceObserver((list) => shifts.push(...list.getEntries()));
  observer.observe({ type: "layout-shift", buffered: true });

  // A picture in a box that scrolls by itself; the box is put back.
  async function bringIntoView(image) {
    const boxes = [];
    for (let box = image.parentElement; box; box = box.parentElement) {
      boxes.push([box, box.scrollLeft, box.scrollTop]);
    }
    image.scrollIntoView({ block: "center", behavior: "instant" });
    await frame();
    for (const [box, left, top] of boxes) box.scrollTo({ left, top, behavior: "instant" });
  }

  // Show all of the page, wait for its pictures, and go back to its head.
  async function scroll(patience) {
    await document.fonts.ready;
    for (let top = 0; top < document.documentElement.scrollHeight; top += 900) {
      jump(top);
      await frame();
    }
    for (const image of pending()) await bringIntoView(image);
    while (patience-- && pending().length) await frame();
    jump(document.documentElement.scrollHeight);
    await frame();
    jump(0);
    for (let count = 0; count < 4; count++) await frame();
  }

  function boxes() {
    const all = elements().map((element) => {
      if (!visible(element)) return [0, 0, 0, 0];
      const { x, y, width, height } = element.getBoundingClientRect();
      return [x, y + scrollY, width, height].map((value) => Math.round(value * 100) / 100);
    });
    return JSON.stringify(all);
  }

  const names = () => elements().map((one) => [one.localName, ...one.classList].join("."));

  // Pictures that take room and show nothing.
  function broken() {
    const bad = seen().filter((image) => !(image.complete && image.naturalWidth));
    return bad.map((image) => image.getAttribute("src")).filter(Boolean);
  }

  // All of it, and what pictures have caused.
  function shift() {
    shifts.push(...observer.takeRecords());
    const counted = shifts.filter((entry) => !entry.hadRecentInput);
    const sum = (entries) => entries.reduce((total, entry) => total + entry.value, 0);
    return [sum(counted), sum(counted.filter(byPicture))];
  }

  // At one moment, since scripts go on.
  const look = () => [names(), boxes(), broken()];

  const sources = () => [...document.images].map((image) => [image.currentSrc, image.src]);
  return { scroll, look, shift, sources };
})();
