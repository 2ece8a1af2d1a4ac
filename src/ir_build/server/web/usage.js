/** The view of usage: the quota, and what was compressed by day and month. */

import { chart } from "./chart.js";
import { byId, h } from "./dom.js";
import { bytes, day, number, savedPercent } from "./format.js";

/** "1.2 GB of 2 GB used (60 %)". */
export function quotaText({ quota_current: used, quota_allowed: allowed }) {
  if (allowed <= 0) return `${bytes(used)} used, no limit`;
  return `${bytes(used)} of ${bytes(allowed)} used (${percent(used, allowed)} %)`;
}

/** Fill an element with the quota's bar and its text, short where `short`. */
export function showQuota(element, account, short = true) {
  const { quota_current: used, quota_allowed: allowed } = account;
  const share = allowed > 0 ? percent(used, allowed) : 0;
  const level = h("span");
  level.style.width = `${share}%`;
  const bar = h("span", { class: share >= 90 ? "meter high" : "meter", "aria-hidden": "true" }, level);
  const text = short && allowed > 0 ? `${share} % of ${bytes(allowed)}` : quotaText(account);
  element.replaceChildren(...(allowed > 0 ? [bar] : []), h("span", {}, text));
}

const percent = (used, allowed) => Math.min(100, Math.floor((used / allowed) * 100));

export class UsageView {
  #api;
  #onaccount;
  #onerror;

  constructor(api, { onaccount, onerror }) {
    this.#api = api;
    this.#onaccount = onaccount;
    this.#onerror = onerror;
  }

  async show() {
    try {
      const [account, used] = await Promise.all([
        this.#api.get("accounts/mine"),
        this.#api.get("accounts/mine/consumption"),
      ]);
      this.#onaccount(account);
      this.#render(account, used.consumption);
    } catch (error) {
      this.#onerror(error);
    }
  }

  #render(account, { last_days: days, last_months: months }) {
    const quota = h("div", { class: "quota large" });
    showQuota(quota, account, false);
    const [start, end] = [account.quota_start, account.quota_end].map((seconds) => new Date(seconds * 1000));
    byId("usage-body").replaceChildren(
      h("div", { class: "card" },
        h("h2", {}, "This period"),
        quota,
        h("p", { class: "muted" }, `${day(start)} to ${day(end)}. Originals count, before compression.`),
      ),
      tiles(days),
      chart("Last 30 days", days.map((each) => bar(each, shortDay, longDay))),
      chart("By month", months.map((each) => bar(each, shortMonth, longMonth))),
    );
  }
}

function tiles(days) {
  const sum = (key) => days.reduce((total, each) => total + each[key], 0);
  const [files, before, after] = ["files_count", "total_size_before", "total_size_after"].map(sum);
  const tile = (value, label) => h("div", { class: "card tile" }, h("dd", {}, value), h("dt", {}, label));
  return h("dl", { class: "tiles", "aria-label": "Last 30 days" },
    tile(number(files), "files in 30 days"),
    tile(bytes(before - after), "saved in 30 days"),
    tile(`${savedPercent(before, after)} %`, "smaller"),
  );
}

const bar = (each, label, name) => {
  const date = new Date(`${each.date}T00:00:00Z`.replace(/^(\d{4}-\d{2})T/, "$1-01T"));
  return { label: label(date), name: name(date), before: each.total_size_before, after: each.total_size_after, files: each.files_count };
};

const inUtc = (options) => (date) => date.toLocaleDateString("en-GB", { timeZone: "UTC", ...options });
const shortDay = inUtc({ day: "numeric", month: "short" });
const longDay = inUtc({ day: "numeric", month: "long", year: "numeric" });
const shortMonth = inUtc({ month: "short" });
const longMonth = inUtc({ month: "long", year: "numeric" });
