/** Numbers and dates as people read them. */

const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

/** 1234567 -> "1.2 MB". */
export function bytes(count) {
  let size = Math.abs(count);
  let unit = 0;
  while (size >= 999.5 && unit < SIZES.length - 1) {
    size /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && size < 9.95 ? 1 : 0;
  return new Intl.NumberFormat("en", {
    style: "unit",
    unit: SIZES[unit],
    unitDisplay: unit ? "short" : "long",
    maximumFractionDigits: digits,
  }).format(count < 0 ? -size : size);
}

export const number = (count) => new Intl.NumberFormat("en").format(count);

/** "1 image", "2 images". */
export const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

/** What is saved, in whole percent; never 100 for something that is left. */
export function savedPercent(before, after) {
  return before > after ? Math.min(99, Math.round((1 - after / before) * 100)) : 0;
}

/** The API's "YYYY-MM-DD HH:MM:SS" in UTC. */
export function fromSql(text) {
  return new Date(`${text.replace(" ", "T")}Z`);
}

export const day = (date) =>
  date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });

export const dayAndMonth = (date) => date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });

export const moment = (date) =>
  date.toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
