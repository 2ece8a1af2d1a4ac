/**
 * Original and result, one over the other, with a line to move between them.
 *
 * Every element of the class `ir-slider` becomes one. It holds figures, of which the first is the original.
 * Without this script they stand beside each other.
 */

const ZOOMS = [["Fit", 0], ["100 %", 1], ["3x", 3]];
const GROUNDS = ["Light", "Dark", "Checks"];

export class Slider {
  /** A range of 0 to 100: how much of the original is shown. */
  range = make("input", { type: "range", min: 0, max: 100, value: 50, step: 1, "aria-label": "Share of the original that is shown" });
  #parts;
  #shown;
  #zoom;
  #line = make("div", { class: "line", "aria-hidden": "true" }, make("span"));
  #pair = make("div", { class: "pair", role: "img" });
  #scroller = make("div", { class: "scroller" }, this.#pair);
  #stage = make("div", { class: "stage" }, this.#scroller, this.#line);
  #result = make("span", { class: "side" });
  #ends = [];

  /**
   * `parts` are the original and one or more others, each with `picture` (an element), `name` and `caption` (nodes).
   * `label` says what is seen. With `fit`, a picture is no larger than its place at first.
   */
  constructor(element, parts, { label, fit = false }) {
    this.element = element;
    this.label = label;
    this.#parts = parts;
    this.#shown = parts[1];
    this.#zoom = fit ? 0 : 1;
    // The original lies on top, and is cut off at the line.
    this.#pair.append(...parts.map((part) => part.picture).reverse());
    element.classList.add("ir-slider", "ir-on");
    element.replaceChildren(this.#stage, this.#legend(), this.#controls());
    this.range.addEventListener("input", () => this.update());
    this.#scroller.addEventListener("scroll", () => this.update());
    for (const image of this.#images) image.addEventListener("load", () => this.update());
    this.#drag();
    this.watch = new ResizeObserver(() => this.update());
    this.watch.observe(this.#stage);
    this.#show(this.#shown);
  }

  get #images() {
    return [...this.#pair.querySelectorAll("img")];
  }

  get #scrolls() {
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = this.#scroller;
    return scrollWidth > clientWidth + 1 || scrollHeight > clientHeight + 1;
  }

  #legend() {
    const original = make("span", { class: "side" }, ...this.#parts[0].caption);
    return make("div", { class: "legend" }, original, this.range, this.#result);
  }

  #controls() {
    const [original, ...others] = this.#parts;
    const ends = [[original, 100], ...others.map((part) => [part, 0])].map(([part, share]) =>
      button(part.name, () => {
        this.range.value = share;
        this.#show(share ? this.#shown : part);
      }));
    this.#ends = ends.slice(1);
    const zooms = choice(ZOOMS.filter(([, zoom]) => zoom || this.#zoom === 0), this.#zoom, (zoom) => {
      this.#zoom = zoom;
      this.update();
    });
    const grounds = choice(GROUNDS.map((name) => [name, name.toLowerCase()]), "checks", (ground) => {
      this.element.dataset.ground = ground;
    });
    return make("div", { class: "controls" }, group("Show all of", ends), group("Size", zooms), group("Ground", grounds));
  }

  /** Compare the original with this part. */
  #show(part) {
    this.#shown = part;
    for (const other of this.#parts.slice(1)) other.picture.hidden = other !== part;
    if (this.#ends.length > 1)
      this.#ends.forEach((end, at) => end.setAttribute("aria-pressed", String(this.#parts[at + 1] === part)));
    this.#result.replaceChildren(...part.caption);
    const [original] = this.#parts;
    this.#pair.setAttribute("aria-label", `${this.label}, ${original.name.toLowerCase()} on the left, ${part.name.toLowerCase()} on the right`);
    this.update();
  }

  /** A pointer moves the line: by its handle, or anywhere while nothing has to be scrolled. */
  #drag() {
    const stage = this.#stage;
    const move = (event) => {
      const { left, width } = stage.getBoundingClientRect();
      this.range.value = Math.round(((event.clientX - left) / width) * 100);
      this.update();
    };
    stage.addEventListener("pointerdown", (event) => {
      if (this.#scrolls && !this.#line.contains(event.target)) return;
      event.preventDefault();
      stage.setPointerCapture(event.pointerId);
      move(event);
      stage.addEventListener("pointermove", move);
      const end = () => stage.removeEventListener("pointermove", move);
      stage.addEventListener("pointerup", end, { once: true });
      stage.addEventListener("pointercancel", end, { once: true });
    });
  }

  #size() {
    const [original] = this.#images.slice(-1);
    const width = Number(original.getAttribute("width")) || original.naturalWidth;
    this.element.dataset.zoom = this.#zoom;
    for (const image of this.#images) image.style.width = this.#zoom && width ? `${width * this.#zoom}px` : "";
    this.element.classList.toggle("scrolls", this.#scrolls);
    if (this.#scrolls) {
      set(this.#scroller, { tabindex: 0, role: "group", "aria-label": "A part of the picture, which scrolls" });
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) this.#scroller.removeAttribute(name);
    }
  }

  update() {
    this.#size();
    const share = Number(this.range.value);
    const stage = this.#stage.getBoundingClientRect();
    const pair = this.#pair.getBoundingClientRect();
    const shown = stage.left + (stage.width * share) / 100 - pair.left;
    const [original] = this.#images.slice(-1);
    original.style.clipPath = `inset(0 ${Math.max(0, pair.width - shown)}px 0 0)`;
    this.#line.style.left = `${share}%`;
    this.range.setAttribute("aria-valuetext", `${share} % original`);
  }
}

/** A slider of each element that holds the figures of one. */
export function slideAll(root = document) {
  for (const element of root.querySelectorAll(".ir-slider:not(.ir-on)")) {
    const parts = [...element.querySelectorAll("figure")].map((figure) => {
      const caption = figure.querySelector("figcaption");
      return { picture: figure.firstElementChild, name: caption.firstElementChild.textContent, caption: [...caption.childNodes] };
    });
    if (parts.length > 1) new Slider(element, parts, { label: element.dataset.label });
  }
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function make(name, attributes = {}, ...children) {
  const element = set(document.createElement(name), attributes);
  element.append(...children);
  return element;
}

function button(text, press) {
  const made = make("button", { type: "button" }, text);
  made.addEventListener("click", () => press(made));
  return made;
}

/** Buttons, one of which is pressed. */
function choice(options, chosen, choose) {
  const buttons = options.map(([text, value]) =>
    set(button(text, (pressed) => {
      for (const each of buttons) each.setAttribute("aria-pressed", String(each === pressed));
      choose(value);
    }), { "aria-pressed": String(value === chosen) }));
  return buttons;
}

function group(label, buttons) {
  return make("span", { class: "buttons", role: "group", "aria-label": label }, ...buttons);
}

slideAll();
