/** Before and after of an image in a dialog, under a slider. */

import { ownLink } from "./api.js";
import { openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { bytes, savedPercent } from "./format.js";
import { Slider } from "./slider.js";

export class Compare {
  #slider;
  #failure = h("p", { class: "error", role: "alert" });

  constructor(image, api) {
    const isPdf = !image.width;
    const size = isPdf ? {} : { width: image.width, height: image.height };
    const picture = (link) => h("img", { src: isPdf ? null : ownLink(link), alt: "", draggable: "false", ...size });
    const pictures = [picture(image.origin_url), picture(image.optimized_url)];
    for (const each of pictures)
      each.addEventListener("error", () => { this.#failure.textContent = "This browser can't show the image. Download it to look at it."; });
    const saved = savedPercent(image.size_before, image.size_after);
    const parts = [
      { picture: pictures[0], name: "Original", caption: [h("b", {}, isPdf ? "Original, first page" : "Original"), ` ${bytes(image.size_before)}`] },
      { picture: pictures[1], name: "Result", caption: [h("b", {}, "Result"), ` ${bytes(image.size_after)}`, saved ? h("span", { class: "saved" }, ` −${saved} %`) : ""] },
    ];
    const label = `${isPdf ? "First page of " : ""}${image.filename}`;
    this.#slider = new Slider(h("div"), parts, { label, fit: true });
    const content = h("div", { class: "compare" },
      this.#slider.element,
      this.#failure,
      h("div", { class: "actions" },
        h("a", { class: "button", href: ownLink(image.origin_url), download: image.filename }, "Download the original"),
        h("a", { class: "button primary", href: ownLink(image.optimized_url), download: image.filename }, "Download the result"),
      ),
    );
    const drawings = [];
    openDialog(image.filename, content, { className: "wide", onclose: () => {
      this.#slider.watch.disconnect();
      drawings.forEach(URL.revokeObjectURL);
    } });
    if (isPdf) this.#draw(image, api, pictures, drawings).catch((error) => { this.#failure.textContent = error.message; });
    this.#slider.range.focus();
  }

  /** The server draws the pages of a PDF, one at a time. */
  async #draw(image, api, pictures, drawings) {
    for (const [at, kind] of ["original", "optimized"].entries()) {
      drawings.push(URL.createObjectURL(await api.blob(`images/first-page/${kind}/${image.id}`)));
      pictures[at].src = drawings.at(-1);
      await pictures[at].decode();
    }
  }
}
