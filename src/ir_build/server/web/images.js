/** The view of images: what was uploaded, a page at a time. */

import { ownLink } from "./api.js";
import { Compare } from "./compare.js";
import { confirmed } from "./dialog.js";
import { droppedFiles } from "./dropped.js";
import { alertError, announce, byId, h, saveBlob } from "./dom.js";
import { bytes, dayAndMonth, fromSql, moment, plural, savedPercent } from "./format.js";
import { Queue } from "./queue.js";

const PAGE = 30;
// The ids of a zip stand in its address, which has to stay short enough for every proxy.
const PER_ZIP = 200;

const KINDS = {
  "": () => true,
  picture: (image) => image.width > 0,
  pdf: (image) => image.width === 0,
  smaller: (image) => image.size_after < image.size_before,
  same: (image) => image.size_after >= image.size_before,
};
const gain = (image) => image.size_before - image.size_after;
const ORDERS = {
  "": (one, other) => other.id - one.id,
  oldest: (one, other) => one.id - other.id,
  name: (one, other) => one.filename.localeCompare(other.filename, "en", { numeric: true }),
  size: (one, other) => other.size_after - one.size_after,
  saved: (one, other) => gain(other) - gain(one),
};

export class ImagesView {
  #api;
  #refreshQuota;
  #onerror;
  #queue;
  #offset = 0;
  #total = 0;
  #items = [];
  #selected = new Set();
  /** All images, while something is looked for among them. */
  #everything = null;
  /** The ids of those that were found, null while all are shown. */
  #found = null;
  #asked = 0;
  #listeners = new AbortController();

  constructor(api, account, { refreshQuota, onerror }) {
    this.#api = api;
    this.#refreshQuota = refreshQuota;
    this.#onerror = onerror;
    this.#queue = new Queue(api, byId("queue"), account.file_max_size, {
      ondone: () => {
        this.#everything = null;
        this.#load(0);
      },
      onidle: () => refreshQuota().catch(onerror),
      onerror,
    });
    const limit = account.file_max_size > 0 ? `, up to ${bytes(account.file_max_size)} each` : "";
    byId("drop-hint").textContent = `JPEG, PNG, GIF, WebP, AVIF, SVG, PDF${limit}`;
    this.#listen();
  }

  show() {
    this.#load(this.#offset);
  }

  /** Whether uploads are under way. */
  get busy() {
    return this.#queue.busy;
  }

  stop() {
    this.#queue.stop();
    this.#listeners.abort();
    byId("find").reset();
  }

  #listen() {
    const { signal } = this.#listeners;
    const input = byId("files");
    input.addEventListener("change", () => {
      this.#add([...input.files]);
      input.value = "";
    }, { signal });
    // The whole window takes a drop, so that a near miss does not leave the page.
    let depth = 0;
    const mark = (change) => {
      depth = change ? depth + change : 0;
      byId("drop").classList.toggle("over", depth > 0);
    };
    addEventListener("dragenter", () => mark(1), { signal });
    addEventListener("dragleave", () => mark(depth > 1 ? -1 : 0), { signal });
    addEventListener("dragover", (event) => event.preventDefault(), { signal });
    addEventListener("drop", (event) => {
      event.preventDefault();
      mark(0);
      droppedFiles(event.dataTransfer).then(
        (files) => this.#add(files),
        () => alertError("What was dropped can't be read."),
      );
    }, { signal });
    addEventListener("paste", (event) => this.#add([...event.clipboardData.files]), { signal });
    addEventListener("beforeunload", (event) => {
      if (this.busy) event.preventDefault();
    }, { signal });
    const byUrl = byId("by-url");
    byUrl.hidden = !("urlUploads" in document.body.dataset);
    byUrl.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#add([byId("url").value]);
      byUrl.reset();
    }, { signal });
    const find = byId("find");
    find.addEventListener("submit", (event) => event.preventDefault(), { signal });
    find.addEventListener("input", () => {
      this.#selected.clear();
      this.#load(0);
    }, { signal });
  }

  #add(sources) {
    if (!sources.length) return;
    if (byId("images").hidden) location.hash = "images";
    this.#queue.add(sources, chosenParams());
  }

  /** One page of what is looked for, as the server gives a page of all. */
  async #look(offset) {
    const looked = { name: byId("find-name").value.trim().toLowerCase(), kind: byId("find-kind").value, order: byId("find-order").value };
    if (!Object.values(looked).some(Boolean)) {
      this.#found = null;
      return this.#api.get(`images?offset=${offset}&limit=${PAGE}`);
    }
    this.#everything ??= await this.#all();
    const items = this.#everything.filter((image) => image.filename.toLowerCase().includes(looked.name) && KINDS[looked.kind](image));
    items.sort(ORDERS[looked.order]);
    this.#found = items.map((image) => image.id);
    return { items: items.slice(offset, offset + PAGE), total: items.length };
  }

  async #load(offset) {
    try {
      const asked = ++this.#asked;
      const page = await this.#look(offset);
      if (asked !== this.#asked) return undefined; // something else was asked for meanwhile
      // What was on the last page may be gone.
      if (!page.items.length && offset > 0) return await this.#load(Math.max(0, offset - PAGE));
      [this.#items, this.#total, this.#offset] = [page.items, page.total, offset];
      for (const id of this.#selected) if (!page.items.some((image) => image.id === id)) this.#selected.delete(id);
      this.#render();
    } catch (error) {
      this.#onerror(error);
    }
    return undefined;
  }

  #render() {
    byId("find").hidden = !this.#total && !this.#found;
    if (!this.#total && this.#found) {
      byId("image-list").replaceChildren(h("p", { class: "empty" }, "No image is like that."));
      return;
    }
    if (!this.#total) {
      byId("image-list").replaceChildren(
        h("p", { class: "empty" }, "Nothing here yet. What you drop above is compressed at once and kept for a month."),
      );
      return;
    }
    byId("image-list").replaceChildren(
      this.#toolbar(),
      h("ul", { class: "plain-list rows", "aria-label": "Images" }, this.#items.map((image) => this.#row(image))),
      this.#pager(),
    );
  }

  #toolbar() {
    const some = this.#selected.size;
    const all = h("input", { type: "checkbox", checked: some > 0 && some === this.#items.length, onchange: () => {
      this.#selected = new Set(all.checked ? this.#items.map((image) => image.id) : []);
      this.#render();
      byId("image-list").querySelector(".toolbar input").focus();
    } });
    all.indeterminate = some > 0 && some < this.#items.length;
    const count = some ? `${some} selected` : `${plural(this.#total, "image")}${this.#found ? " found" : ""}`;
    return h("div", { class: "toolbar" },
      h("label", { class: "check" }, all, h("span", { class: "visually-hidden" }, "Select all on this page")),
      h("span", { class: "count" }, count),
      h("button", { type: "button", onclick: (event) => this.#zip(event.target) },
        some ? "Download selected as zip" : "Download all as zip"),
      h("button", { type: "button", class: "danger-text", onclick: () => this.#deleteMany() },
        some ? "Delete selected" : "Delete all"),
    );
  }

  #row(image) {
    const saved = savedPercent(image.size_before, image.size_after);
    const isPicture = image.width > 0;
    const box = h("input", { type: "checkbox", checked: this.#selected.has(image.id), onchange: () => {
      if (box.checked) this.#selected.add(image.id);
      else this.#selected.delete(image.id);
      byId("image-list").querySelector(".toolbar").replaceWith(this.#toolbar());
    } });
    const dimensions = isPicture ? `${image.width} × ${image.height}` : "PDF";
    const added = fromSql(image.time);
    return h("li", {},
      h("label", { class: "check" }, box, h("span", { class: "visually-hidden" }, `Select ${image.filename}`)),
      thumbnail(image),
      h("div", { class: "what" },
        h("span", { class: "name" }, image.filename),
        h("span", { class: "muted small" }, `${dimensions} · ${moment(added)} · kept until ${dayAndMonth(fromSql(image.expiration_date))}`),
      ),
      h("div", { class: "sizes" }, `${bytes(image.size_before)} → ${bytes(image.size_after)}`),
      h("div", { class: saved ? "saved" : "saved muted" }, saved ? `−${saved} %` : "as small as it gets"),
      h("div", { class: "actions" },
        h("button", { type: "button", "aria-label": `Compare ${image.filename}`, onclick: () => new Compare(image, this.#api) }, "Compare"),
        h("a", { class: "button", href: ownLink(image.optimized_url), download: image.filename, "aria-label": `Download ${image.filename}` }, "Download"),
        h("button", { type: "button", class: "danger-text", "aria-label": `Delete ${image.filename}`, onclick: () => this.#deleteOne(image) }, "Delete"),
      ),
    );
  }

  #pager() {
    if (this.#total <= PAGE) return h("div");
    const end = this.#offset + this.#items.length;
    const go = (offset) => async () => {
      this.#selected.clear();
      await this.#load(offset);
      byId("images-title").focus();
    };
    return h("nav", { class: "pager", "aria-label": "Pages" },
      h("button", { type: "button", disabled: this.#offset === 0, onclick: go(Math.max(0, this.#offset - PAGE)) }, "Newer"),
      h("span", {}, `${this.#offset + 1}–${end} of ${this.#total}`),
      h("button", { type: "button", disabled: end >= this.#total, onclick: go(this.#offset + PAGE) }, "Older"),
    );
  }

  async #zip(button) {
    button.disabled = true;
    try {
      const ids = this.#chosenIds() ?? (await this.#all()).map((image) => image.id);
      const parts = Math.ceil(ids.length / PER_ZIP);
      for (let part = 0; part < parts; part += 1) {
        const some = ids.slice(part * PER_ZIP, (part + 1) * PER_ZIP);
        const name = parts > 1 ? `images-${part + 1}-of-${parts}.zip` : "images.zip";
        saveBlob(await this.#api.blob(`images/zip/optimized/${some.join(",")}`), name);
      }
    } catch (error) {
      this.#onerror(error);
    } finally {
      button.disabled = false;
    }
  }

  /** The selected ones, else those that were found, else null for all. */
  #chosenIds() {
    return this.#selected.size ? [...this.#selected] : this.#found;
  }

  async #all() {
    const images = [];
    for (let next = { offset: 0, limit: 100 }; next; ) {
      const page = await this.#api.get(`images?offset=${next.offset}&limit=${next.limit}`);
      images.push(...page.items);
      next = page.next;
    }
    return images;
  }

  async #deleteOne(image) {
    const text = `The server forgets ${image.filename}, the original and the result.`;
    if (!(await confirmed("Delete this image?", text, "Delete"))) return;
    const place = this.#items.indexOf(image);
    await this.#delete([`images/${image.id}`], `${image.filename} deleted.`);
    // On with the keyboard where it was: at the row that has taken this one's place.
    const rows = byId("image-list").querySelectorAll(".rows > li");
    rows[Math.min(place, rows.length - 1)]?.querySelector("button.danger-text").focus();
  }

  async #deleteMany() {
    const ids = this.#chosenIds();
    const count = ids?.length ?? this.#total;
    const text = `The server forgets ${plural(count, "image")}, originals and results. This can't be undone.`;
    const title = this.#selected.size ? "Delete what is selected?" : ids ? "Delete what was found?" : "Delete all images?";
    if (!(await confirmed(title, text, `Delete ${plural(count, "image")}`))) return;
    const paths = ids?.map((id) => `images/${id}`) ?? ["images/all"];
    await this.#delete(paths, `${plural(count, "image")} deleted.`);
  }

  async #delete(paths, message) {
    alertError("");
    try {
      for (const path of paths) await this.#api.send("DELETE", path);
      announce(message);
    } catch (error) {
      this.#onerror(error);
    }
    this.#everything = null;
    await this.#load(this.#offset);
    byId("images-title").focus({ preventScroll: true });
    this.#refreshQuota().catch(this.#onerror);
  }
}

/** What an upload is to ask for. */
function chosenParams() {
  const params = { compression_type: document.querySelector('input[name="compression"]:checked').value };
  const resize = { width: byId("max-width").valueAsNumber, height: byId("max-height").valueAsNumber };
  for (const side of Object.keys(resize)) if (!(resize[side] > 0)) delete resize[side];
  if (Object.keys(resize).length) params.resize = resize;
  const metas = [...document.querySelectorAll('input[name="meta"]:checked')].map((box) => box.value);
  if (metas.length) params.preserve_metas = metas;
  return params;
}

/** A small picture of it: the result itself, which the browser fetches once it is in sight. */
function thumbnail(image) {
  if (!image.width) return h("span", { class: "thumb pdf", "aria-hidden": "true" }, "PDF");
  return h("img", { class: "thumb", src: ownLink(image.optimized_url), alt: "", loading: "lazy", decoding: "async", width: 56, height: 56 });
}
