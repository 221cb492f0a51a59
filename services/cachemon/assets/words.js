/*
 * Words and numbers for people, and the few helpers that everything uses.
 * Everything from Redis goes through textContent, never through HTML.
 */

export const byId = (id) => document.getElementById(id);

export function element(name, text, className) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

export function set(id, text) {
  const node = byId(id);
  if (node.textContent !== text) node.textContent = text;
}

export const isNumber = (n) => typeof n === "number" && isFinite(n);

export function bytes(n) {
  if (!isNumber(n)) return "–";
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) { n /= 1024; unit++; }
  const digits = unit === 0 || n >= 100 ? 0 : n >= 10 ? 1 : 2;
  return n.toFixed(digits) + " " + units[unit];
}

export const count = (n) => isNumber(n) ? Math.round(n).toLocaleString("en") : "–";

export function rate(n) {
  if (!isNumber(n)) return "–";
  return n >= 100 ? count(n) : n >= 10 ? n.toFixed(1) : n === 0 ? "0" : n.toFixed(2);
}

export function percent(r, digits) {
  if (!isNumber(r)) return "–";
  /* 99.96 % must not read as 100 %. */
  if (r < 1 && Number((r * 100).toFixed(digits)) === 100) digits = 2;
  return (r * 100).toFixed(digits) + " %";
}

export function duration(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return s + " s";
  if (s < 3600) return Math.floor(s / 60) + " min " + (s % 60 ? (s % 60) + " s" : "");
  if (s < 86400) return Math.floor(s / 3600) + " h " + Math.floor(s % 3600 / 60) + " min";
  return Math.floor(s / 86400) + " d " + Math.floor(s % 86400 / 3600) + " h";
}

export function micros(us) {
  if (!isNumber(us)) return "–";
  if (us < 1000) return Math.round(us) + " µs";
  if (us < 1e6) return (us / 1000).toFixed(us < 10000 ? 1 : 0) + " ms";
  return (us / 1e6).toFixed(1) + " s";
}

let clockOffset = 0; /* cachemon's clock minus ours, milliseconds */

export function setClock(now) {
  clockOffset = now - Date.now();
}

export const serverNow = () => Date.now() + clockOffset;
export const timeOf = (ms, options) => new Date(ms).toLocaleTimeString("en-GB", options);

export function moment(ms) {
  const date = new Date(ms);
  const today = new Date().toDateString() === date.toDateString();
  return (today ? "" : date.toLocaleDateString("en-GB", { day: "numeric", month: "short" }) + " ") +
    timeOf(ms);
}

/* Not relative to the page's address itself: fetch() refuses one that carries
 * a name and password (https://monitor:...@host/cache/), as bookmarks may. */
export function api(path) {
  return location.origin + location.pathname + "api/v1/" + path;
}

/* JSON from the API, or null: the state line says what is wrong. */
export async function ask(path) {
  try {
    const answer = await fetch(api(path), { cache: "no-store" });
    return answer.ok ? await answer.json() : null;
  } catch (e) {
    return null;
  }
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

/* Stretches of known values, so that a gap stays a gap. */
export function runs(data) {
  const all = [];
  let run = null;
  data.forEach((v, i) => {
    if (v === null) { run = null; return; }
    if (!run) { run = []; all.push(run); }
    run.push(i);
  });
  return all;
}
