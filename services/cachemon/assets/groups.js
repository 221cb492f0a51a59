/*
 * The table of groups: what the last pass counted, what moved since, what
 * WordPress reported, and how each group grew.
 */
import { byId, element, set, svg, runs, isNumber, bytes, count, rate, percent, duration, micros, serverNow, ask } from "./words.js";
import { makePlot } from "./plot.js";
import { flushGroup, deleteKey, mayRemove } from "./control.js";

const order = { by: "bytes", down: true };
let trends = new Map(); /* kind and name → row of the group history */

const idOf = (row) => row.kind + " " + row.name;
const ratioOf = (w) => {
  const found = w.hits + w.memory_hits;
  return found + w.misses > 0 ? found / (found + w.misses) : null;
};
/* Of the keys there are now, each as large as one was at the pass. */
const memoryOf = (r) => r.keys ? r.bytes * r.now / r.keys : r.bytes;
/* Unknown values sort last, whichever way. */
const known = (v, down) => v === null || v === undefined ? (down ? -Infinity : Infinity) : v;

const values = {
  name: (r) => r.name.toLowerCase(),
  keys: (r) => r.now,
  bytes: (r) => memoryOf(r),
  mean: (r) => r.keys ? r.bytes / r.keys : null,
  ratio: (r) => r.window ? ratioOf(r.window) : null,
  misses: (r) => r.window && r.window.views ? r.window.misses / r.window.views : null,
  writes: (r) => r.window && r.window.views ? r.window.writes / r.window.views : null,
  time: (r) => r.window && r.window.views ? r.window.us / r.window.views : null,
  grown: (r) => grownOf(r),
};

/* Rows of the pass and of what was heard since, put together. */
function joined(all) {
  const rows = new Map();
  for (const r of all.groups ? all.groups.rows : []) {
    rows.set(idOf(r), { ...r, now: r.keys, window: null });
  }
  for (const a of all.activity ? all.activity.rows : []) {
    let r = rows.get(idOf(a));
    if (!r) {
      r = { name: a.name, kind: a.kind, keys: 0, now: 0, measured: 0, bytes: 0, bytes_error: 0, largest: 0, ttl: [] };
      rows.set(idOf(a), r);
    }
    r.now = Math.max(0, r.keys + a.moved);
    r.window = a.window;
    r.activity = a;
  }
  return [...rows.values()].filter((r) => r.now > 0 || r.keys > 0 || (r.window && r.window.views > 0));
}

export function showPass(all) {
  const g = all.groups;
  const live = all.live;
  const running = live && live.scan_progress !== null && live.redis.state === "up"
    ? " A pass is at " + percent(live.scan_progress, 0) + "." : "";
  if (!g) {
    set("pass", "No pass over the keys is complete yet." + running);
    return;
  }
  set("pass", count(g.keys) + " keys, counted " + duration(serverNow() - g.finished_ms) +
    " ago" + (g.finished_ms - g.started_ms >= 1500 ? " in " + duration(g.finished_ms - g.started_ms) : "") + "; " +
    (g.measured >= g.keys ? "memory of all of them measured."
      : "memory estimated from " + count(g.measured) + " of them.") +
    (live && live.feed ? " Keys are followed since." : "") + running);
}

function groupName(row) {
  if (row.kind === "none") return "keys without a group";
  if (row.kind === "other") return "all further groups";
  return row.name === "" ? "(empty name)" : row.name;
}

let weekPlots = [];

/* A week of one group, drawn once. */
function weekChart(title, data, values, text, top) {
  const box = element("div", undefined, "chart");
  const head = element("div", undefined, "chart-head");
  const node = element("div", undefined, "plot");
  const present = values.filter((v) => v !== null);
  head.append(element("h3", title), element("output", present.length
    ? text(present[present.length - 1]) + " now, " + text(Math.min(...present)) + " to " + text(Math.max(...present)) : "nothing recorded"));
  box.append(head, node);
  byId("week-charts").append(box);
  const plot = makePlot(node, text);
  if (plot.u) {
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", title + " over the last week, " + head.lastChild.textContent);
  }
  plot.show({ from: data.from, step: data.step_s, values, top: top || Math.max(0, ...present) * 1.05 || 1 });
  weekPlots.push(plot);
}

function clearWeek(...words) {
  for (const plot of weekPlots) plot.close();
  weekPlots = [];
  byId("week-charts").replaceChildren(...words);
}

async function showWeek(row) {
  const dialog = byId("week");
  set("week-title", "Group " + groupName(row) + ", a week in half hours");
  clearWeek(element("p", "Asking…", "sub"));
  dialog.showModal();
  const data = await ask("groups?range=7d&name=" + encodeURIComponent(row.name));
  const found = data && data.rows.find((r) => r.kind === row.kind);
  if (!found) {
    clearWeek(element("p", "Nothing is recorded of it yet.", "sub"));
    return;
  }
  const ratio = found.hits.map((h, i) => h === null || h + found.misses[i] === 0 ? null : h / (h + found.misses[i]));
  const lookups = found.hits.map((h, i) => h === null ? null : h + found.misses[i]);
  clearWeek();
  if (!dialog.open) return;
  weekChart("Keys", data, found.keys, count);
  weekChart("Memory", data, found.bytes, bytes);
  weekChart("Found", data, ratio, (v) => percent(v, 1), 1);
  weekChart("Lookups", data, lookups, count);
  weekChart("Writes", data, found.writes, count);
}

const lives = ["up to a minute", "up to an hour", "up to a day", "up to a week", "longer", "for ever"];

/* How long the keys of a sample live, as one bar of parts. */
function lifeBar(row) {
  const all = row.ttl.reduce((sum, n) => sum + n, 0);
  const bar = element("div", undefined, "life");
  if (!all) return bar;
  const words = row.ttl.map((n, i) => n ? percent(n / all, 0) + " " + lives[i] : "").filter(Boolean).join(", ");
  row.ttl.forEach((n, i) => {
    if (!n) return;
    const part = element("span", undefined, "life" + i);
    part.style.width = n / all * 100 + "%";
    bar.append(part);
  });
  bar.setAttribute("role", "img");
  bar.setAttribute("aria-label", "Lives " + words);
  bar.title = words;
  return bar;
}

/* Keys more than a day ago, or than the oldest that is known of it. */
function grownOf(row) {
  const t = trends.get(idOf(row));
  const first = t && t.keys.find((v) => v !== null);
  return isNumber(first) ? row.now - first : null;
}

function spark(row) {
  const t = trends.get(idOf(row));
  const box = element("span", undefined, "spark");
  if (!t || t.keys.filter((v) => v !== null).length < 2) return box;
  const data = t.keys;
  const present = data.filter((v) => v !== null);
  const low = Math.min(...present), high = Math.max(...present);
  const x = (i) => (i / (data.length - 1) * 78 + 1).toFixed(1);
  const y = (v) => (high > low ? 19 - (v - low) / (high - low) * 18 : 10).toFixed(1);
  let d = "";
  for (const run of runs(data)) d += "M" + run.map((i) => x(i) + " " + y(data[i])).join("L") + (run.length === 1 ? "h1" : "");
  const drawing = svg("svg", { viewBox: "0 0 80 20", width: 80, height: 20, role: "img",
    "aria-label": "Keys over the last day, from " + count(low) + " to " + count(high) });
  drawing.append(svg("path", { d, class: "curve" }));
  box.append(drawing);
  return box;
}

function grownText(row) {
  const grown = grownOf(row);
  if (grown === null || grown === 0) return "";
  return (grown > 0 ? "+" : "−") + count(Math.abs(grown));
}

function cell(text, className, title) {
  const td = element("td", text, className || "num");
  if (title) td.title = title;
  return td;
}

function groupRow(row, total) {
  const tr = element("tr");
  const name = element("th");
  const estimated = row.now !== row.keys;
  const memory = element("td", row.keys ? (estimated ? "≈ " : "") + bytes(memoryOf(row)) : "–", "num");
  const meter = element("div", undefined, "meter");
  const bar = element("span");
  const part = total > 0 ? memoryOf(row) / total : 0;
  const w = row.window && row.window.views ? row.window : null;
  name.scope = "row";
  const open = element("button", groupName(row), "name");
  open.type = "button";
  open.setAttribute("aria-label", groupName(row) + ", show its week");
  open.addEventListener("click", () => showWeek(row));
  name.append(open);
  if (estimated) memory.title = "Measured at the last pass, " + bytes(row.bytes) + " for " + count(row.keys) + " keys; reckoned for those there are now";
  if (row.bytes_error > 0) memory.append(element("em", " ± " + bytes(row.bytes_error)));
  bar.style.width = part * 100 + "%";
  meter.append(bar);
  meter.setAttribute("role", "img");
  meter.setAttribute("aria-label", percent(part, 1) + " of all groups' memory");
  meter.title = percent(part, 1);
  memory.append(meter);
  const trend = cell("", "num trend");
  trend.append(spark(row), element("em", grownText(row)));
  const life = element("td");
  life.append(lifeBar(row));
  tr.append(name, cell(count(row.now)), trend, memory,
    cell(row.keys ? bytes(row.bytes / row.keys) : "–", "num", "The largest takes " + bytes(row.largest)),
    life,
    cell(w ? percent(ratioOf(w), 1) : "–", "num", w ? count(w.memory_hits) + " in PHP's memory, " + count(w.hits) + " in Redis, " + count(w.misses) + " not found" : ""),
    cell(w ? rate(w.misses / w.views) : "–"),
    cell(w ? rate(w.writes / w.views) : "–"),
    cell(w ? micros(Math.round(w.us / w.views)) : "–"));
  if (mayRemove()) {
    const td = element("td");
    if (row.kind === "group" && row.name !== "stack" && row.name !== "cachemon") {
      const button = element("button", "Flush", "small");
      button.type = "button";
      button.setAttribute("aria-label", "Flush group " + row.name);
      button.addEventListener("click", () => flushGroup(row.name, row.now));
      td.append(button);
    }
    tr.append(td);
  }
  return tr;
}

function compare(a, b) {
  const value = values[order.by];
  const x = known(value(a), order.down), y = known(value(b), order.down);
  const way = x < y ? -1 : x > y ? 1 : 0;
  return order.down ? -way : way;
}

export function showGroups(all) {
  const wanted = byId("filter").value.trim().toLowerCase();
  if (!all.groups && !all.activity) return;
  /* Not under somebody's fingers. */
  const focused = document.activeElement;
  const held = focused && focused.closest("#groups tbody") ? focused.getAttribute("aria-label") : null;
  const every = joined(all);
  const total = every.reduce((sum, r) => sum + memoryOf(r), 0);
  const rows = every.filter((r) => r.name.toLowerCase().includes(wanted)).sort(compare).map((r) => groupRow(r, total));
  byId("remove-head").hidden = !mayRemove();
  if (rows.length === 0) {
    const tr = element("tr");
    const td = element("td", every.length ? "No group has that in its name." : "The cache is empty.", "sub");
    td.colSpan = 11;
    tr.append(td);
    rows.push(tr);
  }
  document.querySelector("#groups tbody").replaceChildren(...rows);
  if (held) {
    const again = [...document.querySelectorAll("#groups tbody button")].find((b) => b.getAttribute("aria-label") === held);
    if (again) again.focus({ preventScroll: true });
  }
  if (all.groups) showLargest(all.groups);
}

let largestShown = null;
function showLargest(groups) {
  if (largestShown === groups) return;
  largestShown = groups;
  const keys = groups.largest.map((k) => {
    const li = element("li");
    li.append(element("b", bytes(k.bytes)), " ", element("code", k.key + (k.cut ? "…" : "")));
    if (mayRemove(k.key) && !k.cut) {
      const button = element("button", "Delete", "small");
      button.type = "button";
      button.setAttribute("aria-label", "Delete key " + k.key);
      button.addEventListener("click", () => deleteKey(k.key));
      li.append(" ", button);
    }
    return li;
  });
  byId("largest").replaceChildren(...(keys.length ? keys : [element("li", "The cache is empty.", "sub")]));
}

export async function loadTrends(all) {
  const data = await ask("groups?range=24h");
  if (!data) return;
  trends = new Map(data.rows.map((r) => [idOf(r), r]));
  showGroups(all);
}

export function startGroups(all) {
  for (const button of document.querySelectorAll("#groups thead button")) {
    button.addEventListener("click", () => {
      const by = button.dataset.sort;
      order.down = order.by === by ? !order.down : by !== "name";
      order.by = by;
      for (const th of document.querySelectorAll("#groups thead th")) {
        if (th.contains(button)) th.setAttribute("aria-sort", order.down ? "descending" : "ascending");
        else th.removeAttribute("aria-sort");
      }
      showGroups(all);
    });
  }
  byId("week-close").addEventListener("click", () => byId("week").close());
  byId("week").addEventListener("close", () => clearWeek());
  byId("filter").addEventListener("input", () => showGroups(all));
  document.addEventListener("control", () => { largestShown = null; showGroups(all); });
}
