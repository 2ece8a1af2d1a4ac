/** Before and after, one over the other, with a line to move between them. */

import { ownLink } from "./api.js";
import { openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { bytes, savedPercent } from "./format.js";

export class Compare {
  #range = h("input", { type: "range", min: 0, max: 100, value: 50, step: 1, "aria-label": "Share of the original that is shown" });
  #before;
  #after;
  #pair;
  #stage;
  #line = h("div", { class: "line", "aria-hidden": "true" }, h("span"));

  constructor(image, api) {
    const isPdf = !image.width;
    const size = isPdf ? {} : { width: image.width, height: image.height };
    const picture = (link) => h("img", { src: isPdf ? null : ownLink(link), alt: "", draggable: "false", ...size });
    this.#before = picture(image.origin_url);
    this.#after = picture(image.optimized_url);
    this.#pair = h("div", { class: "pair" }, this.#after, this.#before);
    const scroller = h("div", { class: "scroller", onscroll: () => this.#update() }, this.#pair);
    this.#stage = h("div", { class: "stage", role: "img", "aria-label": `${isPdf ? "First page of " : ""}${image.filename}, original on the left, result on the right` }, scroller, this.#line);
    const zoom = h("button", { type: "button", "aria-pressed": "false", onclick: () => {
      const whole = this.#stage.classList.toggle("whole-pixels");
      zoom.setAttribute("aria-pressed", String(whole));
      scroller.tabIndex = whole ? 0 : -1;
      this.#update();
    } }, "Actual size");
    const failure = h("p", { class: "error", role: "alert" });
    for (const each of [this.#before, this.#after])
      each.addEventListener("error", () => { failure.textContent = "This browser can't show the image. Download it to look at it."; });
    const saved = savedPercent(image.size_before, image.size_after);
    const content = h("div", { class: "compare" },
      this.#stage,
      h("div", { class: "legend" },
        h("span", {}, h("b", {}, isPdf ? "Original, first page" : "Original"), ` ${bytes(image.size_before)}`),
        this.#range,
        h("span", {}, h("b", {}, "Result"), ` ${bytes(image.size_after)}`, saved ? h("span", { class: "saved" }, ` −${saved} %`) : ""),
      ),
      failure,
      h("div", { class: "actions" },
        zoom,
        h("a", { class: "button", href: ownLink(image.origin_url), download: image.filename }, "Download the original"),
        h("a", { class: "button primary", href: ownLink(image.optimized_url), download: image.filename }, "Download the result"),
      ),
    );
    this.#range.addEventListener("input", () => this.#update());
    this.#drag();
    const watch = new ResizeObserver(() => this.#update());
    const drawings = [];
    openDialog(image.filename, content, { className: "wide", onclose: () => {
      watch.disconnect();
      drawings.forEach(URL.revokeObjectURL);
    } });
    watch.observe(this.#stage);
    if (isPdf) this.#draw(image, api, drawings).catch((error) => { failure.textContent = error.message; });
    this.#range.focus();
  }

  /** The server draws the pages of a PDF, one at a time. */
  async #draw(image, api, drawings) {
    for (const [picture, kind] of [[this.#before, "original"], [this.#after, "optimized"]]) {
      drawings.push(URL.createObjectURL(await api.blob(`images/first-page/${kind}/${image.id}`)));
      picture.src = drawings.at(-1);
      await picture.decode();
    }
    this.#update();
  }

  /** A pointer moves the line: by its handle, or anywhere while nothing has to be scrolled. */
  #drag() {
    const move = (event) => {
      const { left, width } = this.#stage.getBoundingClientRect();
      this.#range.value = Math.round(((event.clientX - left) / width) * 100);
      this.#update();
    };
    this.#stage.addEventListener("pointerdown", (event) => {
      const onHandle = this.#line.contains(event.target);
      if (this.#stage.classList.contains("whole-pixels") && !onHandle) return;
      event.preventDefault();
      this.#stage.setPointerCapture(event.pointerId);
      move(event);
      this.#stage.addEventListener("pointermove", move);
      const end = () => this.#stage.removeEventListener("pointermove", move);
      this.#stage.addEventListener("pointerup", end, { once: true });
      this.#stage.addEventListener("pointercancel", end, { once: true });
    });
  }

  #update() {
    const share = Number(this.#range.value);
    const stage = this.#stage.getBoundingClientRect();
    const pair = this.#pair.getBoundingClientRect();
    const shown = stage.left + (stage.width * share) / 100 - pair.left;
    this.#before.style.clipPath = `inset(0 ${Math.max(0, pair.width - shown)}px 0 0)`;
    this.#line.style.left = `${share}%`;
    this.#range.setAttribute("aria-valuetext", `${share} % original`);
  }
}
