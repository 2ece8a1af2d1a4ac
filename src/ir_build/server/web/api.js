/** The server's v1 API, asked in the name of one account. */

/** The server refused, or (status 0) can't be reached. */
export class ApiError extends Error {
  constructor(status, message, retryAfter = 0) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

const UNREACHABLE = "The server does not answer. Check the connection and try again.";

export class Api {
  #header;

  constructor({ key, secret }) {
    const text = new TextEncoder().encode(JSON.stringify({ key, secret }));
    this.#header = `IR ${btoa(String.fromCharCode(...text))}`;
  }

  async get(path) {
    return (await this.#ask("GET", path)).json();
  }

  async blob(path) {
    return (await this.#ask("GET", path)).blob();
  }

  async send(method, path, fields = {}) {
    const body = Object.keys(fields).length ? new URLSearchParams(fields) : undefined;
    const response = await this.#ask(method, path, body);
    return response.status === 204 ? null : response.json();
  }

  async #ask(method, path, body) {
    const headers = { Authorization: this.#header };
    let response;
    try {
      response = await fetch(`v1/${path}`, { method, body, headers, credentials: "omit", cache: "no-store" });
    } catch {
      throw new ApiError(0, UNREACHABLE);
    }
    if (!response.ok) throw httpError(response.status, await response.text(), response.headers.get("Retry-After"));
    return response;
  }

  /**
   * Upload a file, or a text that says where the server is to fetch it; `onprogress` is told the share
   * that was sent, from 0 to 1.
   */
  upload(source, params, onprogress) {
    const form = new FormData();
    form.append("params", JSON.stringify(params));
    form.append(typeof source === "string" ? "url" : "file", source);
    return new Promise((resolve, reject) => {
      // fetch can't tell how much of a body was sent.
      const request = new XMLHttpRequest();
      request.open("POST", "v1/images");
      request.setRequestHeader("Authorization", this.#header);
      request.upload.onprogress = (event) => onprogress(event.total ? event.loaded / event.total : 1);
      request.onerror = () => reject(new ApiError(0, UNREACHABLE));
      request.onload = () => {
        if (request.status === 201) resolve(JSON.parse(request.responseText));
        else reject(httpError(request.status, request.responseText, request.getResponseHeader("Retry-After")));
      };
      request.send(form);
    });
  }
}

function httpError(status, text, retryAfter) {
  let message = `The server answered with status ${status}.`;
  try {
    message = JSON.parse(text).errMessage || message;
  } catch {
    // A proxy's own page: its status says enough.
  }
  return new ApiError(status, message, Number(retryAfter) || 0);
}

/** A link of an answer, on the address this page came from: the server may be known by another. */
export function ownLink(link) {
  return link.slice(link.indexOf("/v1/images/") + 1);
}
