/** Building elements from data. Text stays text: nothing here parses HTML. */

const SVG = "http://www.w3.org/2000/svg";

/** An element: properties that start with "on" are listeners, the others attributes. */
export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Have a screen reader say it when it has nothing more urgent to say. */
export function announce(text) {
  byId("live").textContent = text;
}

/** Show what went wrong at the top of the page; "" takes it away. */
export function alertError(text) {
  const close = h("button", { type: "button", class: "plain", onclick: () => alertError("") }, "Dismiss");
  byId("alert").replaceChildren(...(text ? [h("div", { class: "notice bad" }, h("span", {}, text), close)] : []));
}

/** Save bytes that needed our credentials to be fetched. */
export function saveBlob(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
