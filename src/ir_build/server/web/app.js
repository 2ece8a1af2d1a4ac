/** The page: signing in and out, and which of its three views is seen. */

import { Api, ApiError } from "./api.js";
import { AccountsView } from "./accounts.js";
import { confirmed } from "./dialog.js";
import { alertError, byId } from "./dom.js";
import { ImagesView } from "./images.js";
import { quotaText, showQuota, UsageView } from "./usage.js";

const STORED = "ir-build";
let views = null;

/** Sign in; an ApiError when the server won't have it. */
async function signIn(credentials) {
  const api = new Api(credentials);
  const account = await api.get("accounts/mine");
  sessionStorage.setItem(STORED, JSON.stringify(credentials));
  const isMain = await api.get("accounts/sub?limit=1").then(() => true, notForSubAccounts);
  const refreshQuota = async () => setQuota(await api.get("accounts/mine"));
  views = {
    images: new ImagesView(api, account, { refreshQuota, onerror: failed }),
    usage: new UsageView(api, { onaccount: setQuota, onerror: failed }),
    ...(isMain ? { accounts: new AccountsView(api, { onerror: failed }) } : {}),
  };
  document.querySelector('nav a[href="#accounts"]').hidden = !isMain;
  setQuota(account);
  byId("sign-in").hidden = true;
  byId("signed-in").hidden = false;
  route();
}

function notForSubAccounts(error) {
  if (error.status === 403) return false;
  throw error;
}

function signOut(reason = "") {
  sessionStorage.removeItem(STORED);
  views?.images.stop();
  views = null;
  document.querySelectorAll("dialog").forEach((dialog) => dialog.close());
  for (const id of ["queue", "image-list", "usage-body", "accounts-body", "alert"]) byId(id).replaceChildren();
  byId("signed-in").hidden = true;
  byId("sign-in").hidden = false;
  byId("sign-in-error").textContent = reason;
  document.title = "ir-build";
  byId("key").focus();
}

/** Every failed request of a view ends here. */
function failed(error) {
  if (!(error instanceof ApiError)) throw error;
  if (error.status === 401) signOut("The server no longer accepts this key and secret.");
  else alertError(error.message);
}

function setQuota(account) {
  showQuota(byId("quota"), account);
  byId("quota").setAttribute("aria-label", `Quota: ${quotaText(account)}`);
}

/** Show the view that the address names. */
function route() {
  if (!views) return;
  const name = location.hash.slice(1);
  if (name === "content") return;
  const current = name in views ? name : "images";
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${current}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const each of ["images", "usage", "accounts"]) byId(each).hidden = each !== current;
  const title = byId(`${current}-title`);
  document.title = `${title.textContent} – ir-build`;
  alertError("");
  title.focus({ preventScroll: true });
  scrollTo(0, 0);
  views[current].show();
}

byId("sign-in").querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  byId("sign-in-error").textContent = "";
  button.disabled = true;
  try {
    await signIn({ key: byId("key").value.trim(), secret: byId("secret").value.trim() });
    event.target.reset();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const wrong = error.status === 401 && !/expired/i.test(error.message);
    signOut(wrong ? "No account has this key and secret." : error.message);
  } finally {
    button.disabled = false;
  }
});
byId("sign-out").addEventListener("click", async () => {
  const text = "Files are still being uploaded. Those that are not done are lost.";
  if (!views?.images.busy || (await confirmed("Sign out now?", text, "Sign out anyway"))) signOut();
});
addEventListener("hashchange", route);

const stored = sessionStorage.getItem(STORED);
if (stored) signIn(JSON.parse(stored)).catch((error) => signOut(error.message));
else signOut();
