/** A bar chart of what went in and what came out, and the same as a table. */

import { h, svg } from "./dom.js";
import { bytes, number, savedPercent } from "./format.js";

const HEIGHT = 180;
const LEFT = 60;
const BOTTOM = 22;
const TOP = 8;

/**
 * `items`: {label, name, before, after, files}, oldest first; `label` stands under the bar, `name` in
 * its tooltip and the table.
 */
export function chart(title, items) {
  const drawing = h("div", { class: "drawing" });
  const heading = h("h3", {}, title);
  if (!items.some((item) => item.before)) {
    return h("div", { class: "card chart" }, heading, h("p", { class: "muted" }, "Nothing was compressed in this time."));
  }
  new ResizeObserver(() => {
    // It has no width while another view is seen.
    if (drawing.clientWidth) drawing.replaceChildren(draw(title, items, drawing.clientWidth));
  }).observe(drawing);
  const legend = h("p", { class: "legend small" },
    h("span", { class: "key after" }), "what came out ",
    h("span", { class: "key before" }), "saved");
  return h("div", { class: "card chart" }, heading, legend, drawing, table(title, items));
}

function draw(title, items, width) {
  const top = ceiling(Math.max(...items.map((item) => item.before)));
  const inner = HEIGHT - TOP - BOTTOM;
  const step = (width - LEFT) / items.length;
  const bar = Math.max(2, Math.min(step * 0.7, 36));
  const y = (value) => TOP + inner * (1 - value / top);
  const labelEvery = Math.ceil(56 / step);
  const before = items.reduce((sum, item) => sum + item.before, 0);
  const after = items.reduce((sum, item) => sum + item.after, 0);
  const summary = `${title}: ${bytes(before)} in, ${bytes(after)} out, ${savedPercent(before, after)} % saved`;
  const lines = [0, 0.5, 1].flatMap((share) => [
    svg("line", { class: "grid", x1: LEFT, x2: width, y1: y(top * share), y2: y(top * share) }),
    svg("text", { x: LEFT - 8, y: y(top * share) + 4, "text-anchor": "end" }, bytes(top * share)),
  ]);
  const bars = items.map((item, index) => {
    const x = LEFT + step * index + (step - bar) / 2;
    const last = items.length - 1;
    const label = (last - index) % labelEvery === 0
      ? svg("text", { x: x + bar / 2, y: HEIGHT - 4, "text-anchor": index === last ? "end" : "middle", dx: index === last ? bar / 2 : 0 }, item.label)
      : null;
    return svg("g", {},
      svg("title", {}, `${item.name}: ${bytes(item.before)} → ${bytes(item.after)}, ${number(item.files)} files`),
      svg("rect", { class: "hit", x: LEFT + step * index, y: TOP, width: step, height: inner }),
      rectangle("before", x, y(item.before), bar, y(item.after) - y(item.before)),
      rectangle("after", x, y(item.after), bar, y(0) - y(item.after)),
      label,
    );
  });
  return svg("svg", { width, height: HEIGHT, role: "img", "aria-label": summary }, ...lines, ...bars);
}

const rectangle = (name, x, y, width, height) =>
  svg("rect", { class: name, x, y, width, height: Math.max(0, height) });

function table(title, items) {
  const rows = items.filter((item) => item.files).reverse().map((item) =>
    h("tr", {},
      h("th", { scope: "row" }, item.name),
      h("td", {}, number(item.files)),
      h("td", {}, bytes(item.before)),
      h("td", {}, bytes(item.after)),
      h("td", {}, `${savedPercent(item.before, item.after)} %`),
    ));
  const head = ["When", "Files", "In", "Out", "Saved"].map((text) => h("th", { scope: "col" }, text));
  return h("details", {}, h("summary", {}, "As a table"),
    h("table", {}, h("caption", { class: "visually-hidden" }, title), h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows)));
}

/** The next 1, 2 or 5 times a power of ten. */
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((round) => round >= value);
}
