/** The view of sub-accounts, for the main account. */

import { confirmed, openDialog } from "./dialog.js";
import { announce, byId, h } from "./dom.js";
import { bytes } from "./format.js";
import { quotaText, showQuota } from "./usage.js";

const UNITS = { MB: 10 ** 6, GB: 10 ** 9 };

export class AccountsView {
  #api;
  #onerror;

  constructor(api, { onerror }) {
    this.#api = api;
    this.#onerror = onerror;
  }

  show() {
    return this.#try(async () => {
      const { items } = await this.#api.get("accounts/sub");
      const create = h("button", { type: "button", class: "primary", onclick: () => this.#edit(null) }, "New account");
      byId("accounts-body").replaceChildren(
        h("div", { class: "toolbar" }, h("p", { class: "muted" }, "An account for each team or site, with a key and a limit of its own. What it uses counts for yours too."), create),
        items.length
          ? h("ul", { class: "plain-list accounts", "aria-label": "Accounts" }, items.map((account) => this.#card(account)))
          : h("p", { class: "empty" }, "No accounts besides yours."),
      );
    });
  }

  async #try(action) {
    try {
      return await action();
    } catch (error) {
      this.#onerror(error);
      return undefined;
    }
  }

  #card(account) {
    const quota = h("div", { class: "quota large", "aria-label": quotaText(account), role: "group" });
    showQuota(quota, account, false);
    const button = (text, action, className = "") =>
      h("button", { type: "button", class: className, "aria-label": `${text}: ${account.title}`, onclick: action }, text);
    return h("li", { class: "card" },
      h("h2", {}, account.title),
      account.description ? h("p", {}, account.description) : null,
      h("p", { class: "muted small" }, "Key ", h("code", {}, account.api_key)),
      quota,
      h("div", { class: "actions" },
        button("Edit", () => this.#edit(account)),
        button("Show secret", () => this.#showSecret(account)),
        button("New secret", () => this.#resetSecret(account)),
        button("Reset usage", () => this.#resetQuota(account)),
        button("Delete", () => this.#delete(account), "danger-text"),
      ),
    );
  }

  #edit(account) {
    const limit = account && account.quota_allowed > 0 ? account.quota_allowed : 0;
    const unit = limit && limit % UNITS.GB ? "MB" : "GB";
    const title = h("input", { id: "account-title", required: true, maxlength: 200, value: account?.title ?? "" });
    const description = h("input", { id: "account-description", maxlength: 1000, value: account?.description ?? "" });
    const amount = h("input", { id: "account-quota", type: "number", min: 0, step: "any", inputmode: "decimal", value: limit ? limit / UNITS[unit] : "" });
    const units = h("select", { "aria-label": "Unit" }, Object.keys(UNITS).map((each) => h("option", { selected: each === unit }, each)));
    const error = h("p", { class: "error", role: "alert" });
    const save = async (event) => {
      event.preventDefault();
      const quota = Math.round(Number(amount.value || 0) * UNITS[units.value]);
      const fields = { title: title.value.trim(), description: description.value.trim(), quota };
      try {
        const saved = account
          ? await this.#api.send("PUT", `accounts/sub/${account.id}`, fields)
          : await this.#api.send("POST", "accounts/sub", fields);
        dialog.close();
        await this.show();
        announce(`${saved.title} saved.`);
        if (!account) showCredentials("Account created", saved);
      } catch (problem) {
        if (problem.status === 401) this.#onerror(problem);
        else error.textContent = problem.message;
      }
    };
    const form = h("form", { class: "fields", onsubmit: save },
      h("label", { for: "account-title" }, "Title"), title,
      h("label", { for: "account-description" }, "Description ", h("span", { class: "muted" }, "(optional)")), description,
      h("label", { for: "account-quota" }, "Limit a month ", h("span", { class: "muted" }, "(empty: only yours)")),
      h("div", { class: "pair-of-fields" }, amount, units),
      error,
      h("div", { class: "actions" },
        h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
        h("button", { type: "submit", class: "primary" }, account ? "Save" : "Create"),
      ),
    );
    const dialog = openDialog(account ? `Edit ${account.title}` : "New account", form);
    title.focus();
  }

  #showSecret(account) {
    return this.#try(async () => {
      showCredentials(account.title, await this.#api.get(`accounts/sub/${account.id}`));
    });
  }

  #resetSecret(account) {
    return this.#try(async () => {
      const text = `The secret of ${account.title} stops working at once; every build that uses it needs the new one.`;
      if (!(await confirmed("Make a new secret?", text, "New secret"))) return;
      showCredentials("New secret", await this.#api.send("PUT", `accounts/sub/reset_secret/${account.id}`));
    });
  }

  #resetQuota(account) {
    return this.#try(async () => {
      const text = `${account.title} has used ${bytes(account.quota_current)} in this period. It starts again at nothing.`;
      if (!(await confirmed("Reset what was used?", text, "Reset usage"))) return;
      await this.#api.send("PUT", `accounts/sub/reset_quota/${account.id}`);
      await this.show();
      announce(`Usage of ${account.title} reset.`);
    });
  }

  #delete(account) {
    return this.#try(async () => {
      const text = `${account.title} and all its images are deleted, and its key stops working. This can't be undone.`;
      if (!(await confirmed("Delete this account?", text, "Delete"))) return;
      await this.#api.send("DELETE", `accounts/sub/${account.id}`);
      await this.show();
      announce(`${account.title} deleted.`);
      byId("accounts-title").focus();
    });
  }
}

function showCredentials(title, { api_key: key, api_secret: secret }) {
  const field = (id, label, value) => {
    const input = h("input", { id, readonly: true, value, onfocus: () => input.select() });
    const copy = h("button", { type: "button", "aria-label": `Copy the ${label.toLowerCase()}`, onclick: async () => {
      input.select();
      // Only a page that came over https, or from this machine, may use the clipboard.
      await navigator.clipboard?.writeText(value);
      if (navigator.clipboard) announce(`${label} copied.`);
    } }, "Copy");
    return [h("label", { for: id }, label), h("div", { class: "pair-of-fields" }, input, copy)];
  };
  const content = h("div", { class: "fields" },
    field("shown-key", "Key", key),
    secret ? field("shown-secret", "Secret", secret) : h("p", {}, "This server shows a secret only once, when it is made."),
    h("p", { class: "muted small" }, "Whoever has both can upload in this account's name."),
  );
  openDialog(title, content);
}
