/** Modal dialogs: the browser keeps the focus inside and gives it back afterwards. */

import { h } from "./dom.js";

let count = 0;

/** Open a dialog with a title; `close` removes it. */
export function openDialog(title, content, { className = "", onclose = () => {} } = {}) {
  const id = `dialog-${++count}`;
  const dialog = h(
    "dialog",
    { class: className, "aria-labelledby": id },
    h("header", {},
      h("h2", { id }, title),
      h("button", { type: "button", class: "plain close", "aria-label": "Close", onclick: () => dialog.close() }, "×"),
    ),
    content,
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    onclose();
  });
  // A press on the backdrop is a press on the dialog itself, outside its content.
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Ask before something that can't be undone; true when it was agreed to. */
export function confirmed(title, text, action) {
  return new Promise((resolve) => {
    let answer = false;
    const cancel = h("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, "Cancel");
    const agree = h("button", { type: "button", class: "danger", onclick: () => { answer = true; dialog.close(); } }, action);
    const body = h("div", {}, h("p", {}, text), h("div", { class: "actions" }, cancel, agree));
    const dialog = openDialog(title, body, { onclose: () => resolve(answer) });
  });
}
