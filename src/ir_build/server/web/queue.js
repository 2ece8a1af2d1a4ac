/** Uploads under way: two at a time, what failed stays to be read and tried again. */

import { announce, h } from "./dom.js";
import { bytes, plural, savedPercent } from "./format.js";

const AT_ONCE = 2;
const MAX_WAIT_S = 60;
// To ask again may help: no answer, a spent quota that is raised, too slow, too much at once. A file
// that the server can't use stays what it is.
const HELPS = new Set([0, 403, 408, 429]);

export class Queue {
  #api;
  #element;
  #list = h("ul", { class: "plain-list" });
  #summary = h("p", { class: "muted" });
  #waiting = [];
  #active = 0;
  #stopped = false;
  #batch = fresh();
  #events;

  /** `ondone` is called after each image with it, `onidle` when nothing is left, `onerror` at 401. */
  constructor(api, element, maxSize, events) {
    this.#api = api;
    this.#element = element;
    this.maxSize = maxSize;
    this.#events = events;
    element.replaceChildren(this.#summary, this.#list);
    element.hidden = true;
  }

  /** Whether leaving the page would lose something. */
  get busy() {
    return this.#active > 0 || this.#waiting.length > 0;
  }

  /** Upload `sources`, files or addresses, with the API's `params`. */
  add(sources, params) {
    for (const source of sources) {
      const job = { source, title: source.name ?? source, params, row: h("li") };
      this.#list.append(job.row);
      this.#batch.total += 1;
      if (this.maxSize > 0 && source.size > this.maxSize)
        this.#fail(job, `Larger than ${bytes(this.maxSize)}, the most this server takes.`, false);
      else this.#wait(job);
    }
    this.#element.hidden = false;
    announce(`${plural(sources.length, "file")} to compress.`);
    this.#next();
  }

  stop() {
    this.#stopped = true;
    this.#waiting = [];
  }

  #wait(job) {
    this.#waiting.push(job);
    job.row.className = "";
    job.row.replaceChildren(name(job), h("span", { class: "muted" }, "waiting"));
  }

  #next() {
    while (this.#active < AT_ONCE && this.#waiting.length) this.#run(this.#waiting.shift());
    this.#showSummary();
    if (!this.#active && !this.#waiting.length && this.#batch.total) this.#finish();
  }

  async #run(job) {
    this.#active += 1;
    const bar = h("progress", { max: 1, value: 0, "aria-label": `Progress of ${job.title}` });
    const state = h("span", { class: "muted" }, "sending");
    job.row.replaceChildren(name(job), bar, state);
    try {
      const image = await this.#upload(job, (share) => {
        if (share < 1) bar.value = share;
        else bar.removeAttribute("value");
        state.textContent = share < 1 ? `sending ${Math.floor(share * 100)} %` : "compressing";
      });
      if (this.#stopped) return;
      job.row.remove();
      this.#batch.done += 1;
      this.#batch.before += image.size_before;
      this.#batch.after += image.size_after;
      this.#events.ondone(image);
    } catch (error) {
      if (this.#stopped) return;
      this.#refused(job, error);
    } finally {
      this.#active -= 1;
      if (!this.#stopped) this.#next();
    }
  }

  /** An overloaded server says when to come back. */
  async #upload(job, onprogress) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#api.upload(job.source, job.params, onprogress);
      } catch (error) {
        if (error.status !== 429 || attempt === 5 || this.#stopped) throw error;
        const wait = Math.min(error.retryAfter || 2 ** attempt, MAX_WAIT_S);
        job.row.lastChild.textContent = `the server is busy, again in ${wait} s`;
        await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      }
    }
  }

  #refused(job, error) {
    if (error.status === 401) {
      this.stop();
      this.#events.onerror(error);
      return;
    }
    this.#fail(job, error.message, HELPS.has(error.status) || error.status >= 500);
    if (error.status !== 403) return;
    // Asking again can't help before the quota is raised.
    for (const each of this.#waiting.splice(0)) this.#fail(each, "Not sent: the quota is used up.", true);
  }

  #fail(job, message, again) {
    this.#batch.failed += 1;
    const retry = h("button", { type: "button", "aria-label": `Try ${job.title} again`, onclick: () => {
      this.#batch.total += 1;
      this.#wait(job);
      this.#next();
    } }, "Try again");
    const dismiss = h("button", { type: "button", class: "plain", "aria-label": `Dismiss ${job.title}`, onclick: () => {
      job.row.remove();
      this.#showSummary();
    } }, "Dismiss");
    job.row.className = "failed";
    job.row.replaceChildren(name(job), h("span", { class: "error" }, message), again ? retry : "", dismiss);
  }

  #finish() {
    const { done, failed, before, after } = this.#batch;
    this.#batch = fresh();
    const parts = [];
    if (done) parts.push(`${plural(done, "file")} compressed: ${bytes(before)} → ${bytes(after)}, ${savedPercent(before, after)} % saved.`);
    if (failed) parts.push(`${plural(failed, "file")} failed.`);
    this.#summary.textContent = parts.join(" ");
    announce(parts.join(" "));
    if (done) this.#events.onidle();
  }

  #showSummary() {
    const { total, done, failed } = this.#batch;
    if (total) this.#summary.textContent = `${done + failed} of ${plural(total, "file")} done`;
    else if (!this.#list.children.length && !this.#summary.textContent) this.#element.hidden = true;
  }
}

const fresh = () => ({ total: 0, done: 0, failed: 0, before: 0, after: 0 });
const name = (job) => h("span", { class: "name" }, job.title);
