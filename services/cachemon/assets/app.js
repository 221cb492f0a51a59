/*
 * The dashboard: shows what api/v1/snapshot and events say (see web.h).
 * Everything from Redis goes through textContent, never through HTML.
 */
"use strict";

const byId = (id) => document.getElementById(id);
const known = { live: null, groups: null, slowlog: null };
let heardAt = 0; /* when anything came from cachemon, performance.now() */
let clockOffset = 0; /* cachemon's clock minus ours, milliseconds */

/* ---- words and numbers ------------------------------------------------- */

function element(name, text, className) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

function set(id, text) {
  const node = byId(id);
  if (node.textContent !== text) node.textContent = text;
}

const isNumber = (n) => typeof n === "number" && isFinite(n);

function bytes(n) {
  if (!isNumber(n)) return "–";
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) { n /= 1024; unit++; }
  const digits = unit === 0 || n >= 100 ? 0 : n >= 10 ? 1 : 2;
  return n.toFixed(digits) + " " + units[unit];
}

const count = (n) => isNumber(n) ? Math.round(n).toLocaleString("en") : "–";

function rate(n) {
  if (!isNumber(n)) return "–";
  return n >= 100 ? count(n) : n >= 10 ? n.toFixed(1) : n === 0 ? "0" : n.toFixed(2);
}

function percent(r, digits) {
  if (!isNumber(r)) return "–";
  /* 99.96 % must not read as 100 %. */
  if (r < 1 && Number((r * 100).toFixed(digits)) === 100) digits = 2;
  return (r * 100).toFixed(digits) + " %";
}

function duration(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return s + " s";
  if (s < 3600) return Math.floor(s / 60) + " min " + (s % 60 ? (s % 60) + " s" : "");
  if (s < 86400) return Math.floor(s / 3600) + " h " + Math.floor(s % 3600 / 60) + " min";
  return Math.floor(s / 86400) + " d " + Math.floor(s % 86400 / 3600) + " h";
}

function micros(us) {
  if (!isNumber(us)) return "–";
  if (us < 1000) return us + " µs";
  if (us < 1e6) return (us / 1000).toFixed(us < 10000 ? 1 : 0) + " ms";
  return (us / 1e6).toFixed(1) + " s";
}

const serverNow = () => Date.now() + clockOffset;
const timeOf = (ms, options) => new Date(ms).toLocaleTimeString("en-GB", options);

function moment(ms) {
  const date = new Date(ms);
  const today = new Date().toDateString() === date.toDateString();
  return (today ? "" : date.toLocaleDateString("en-GB", { day: "numeric", month: "short" }) + " ") +
    timeOf(ms);
}

/* ---- the state line and the notices ------------------------------------ */

function notice(text, bad) {
  byId("notices").append(element("p", text, bad ? "notice bad" : "notice"));
}

/* Advice in plain words, from the figures alone. */
function advise(live) {
  const memory = live.memory;
  if (!memory) return;
  const full = memory.limit > 0 && memory.used >= memory.limit * 0.95;
  if (live.redis.loading) {
    notice("Redis is loading its data from disk; lookups fail until it is done.");
  }
  if (memory.limit === 0) {
    notice("Redis has no memory limit: the cache can grow until the machine is out of memory. Set maxmemory.");
  } else if (full && memory.policy === "noeviction") {
    notice("Memory is full and the policy is noeviction: WordPress can store nothing new. Use allkeys-lru or a higher limit.", true);
  } else if (full && live.per_second.evicted > 0) {
    notice("Memory is full: Redis removes " + rate(live.per_second.evicted) +
      " keys a second to make room. A higher limit would raise the hit ratio.");
  }
  if (!live.history_kept) {
    notice("History is kept in memory only, for one hour: the volume cannot be used (see cachemon's log).");
  }
}

let noticesShown = "";
function showNotices() {
  const live = known.live;
  const old = byId("notices");
  const fresh = element("div");
  fresh.id = "notices";
  fresh.setAttribute("aria-live", "polite");
  if (!live) return;
  old.removeAttribute("id");
  old.after(fresh);
  if (live.redis.state === "down") {
    notice((live.redis.answered_ms === null
      ? "Redis has not answered since cachemon started."
      : "Redis has not answered since " + moment(live.redis.answered_ms) +
        ". The figures below are from then.") + " " + (live.redis.error || "") + ".", true);
  }
  advise(live);
  /* Replace only what changed, or screen readers say it again and again. */
  if (fresh.textContent === noticesShown) {
    fresh.remove();
    old.id = "notices";
  } else {
    noticesShown = fresh.textContent;
    old.remove();
  }
}

/* Called each second: what is true even when nothing comes. */
function showState() {
  const live = known.live;
  const silent = (performance.now() - heardAt) / 1000;
  const state = byId("state");
  let name = "starting";
  let text = "Connecting…";
  if (live) {
    name = live.redis.state;
    text = name === "up"
      ? "Redis " + live.redis.version + " is up, " + duration(live.redis.uptime_s * 1000)
      : name === "down"
        ? "Redis is down, " + duration(serverNow() - live.redis.since_ms)
        : "Waiting for Redis…";
  }
  if (heardAt && silent > 12) {
    name = "down";
    text = "cachemon has not answered for " + duration(silent * 1000);
  }
  state.className = "state " + name;
  set("state-text", text);
  document.body.classList.toggle("stale", name !== "up");
  set("freshness", live && live.redis.answered_ms
    ? "Read " + timeOf(live.redis.answered_ms) : "");
  showPass();
}

/* ---- the cards ---------------------------------------------------------- */

function showMemory(memory) {
  const share = memory.limit > 0 ? memory.used / memory.limit : 0;
  const meter = byId("memory-meter");
  set("memory", bytes(memory.used));
  set("memory-sub", memory.limit > 0
    ? percent(share, 0) + " of " + bytes(memory.limit) + " · " + memory.policy + " · peak " + bytes(memory.peak)
    : "no limit · peak " + bytes(memory.peak));
  meter.className = "meter" + (share > 0.95 ? " bad" : share > 0.85 ? " warn" : "");
  meter.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  byId("memory-bar").style.width = Math.min(100, share * 100) + "%";
}

function showLive() {
  const live = known.live;
  if (!live || !live.memory) return;
  const ratio = live.hit_ratio;
  const second = live.per_second;
  if (isNumber(ratio.minute)) {
    set("ratio", percent(ratio.minute, 1));
    set("ratio-sub", "over the last minute · now " + percent(ratio.interval, 1) +
      " · since Redis began " + percent(ratio.total, 1));
  } else {
    set("ratio", percent(ratio.total, 1));
    set("ratio-sub", "since Redis began · no lookups in the last minute");
  }
  showMemory(live.memory);
  set("ops", rate(second.commands) + "/s");
  set("ops-sub", rate(second.hits) + " hits, " + rate(second.misses) + " misses a second");
  set("evictions", rate(second.evicted) + "/s");
  set("evictions-sub", count(live.totals.evicted) + " evicted, " +
    count(live.totals.expired) + " expired so far");
  set("keys", count(live.keys.total));
  set("keys-sub", count(live.keys.expiring) + " with a time to live");
  set("clients", count(live.clients.connected));
  set("clients-sub", "answers in " + micros(live.answer_us) +
    (live.clients.blocked ? " · " + live.clients.blocked + " blocked" : ""));
}

/* ---- groups -------------------------------------------------------------- */

const order = { by: "bytes", down: true };

const values = {
  name: (r) => r.name.toLowerCase(),
  keys: (r) => r.keys,
  bytes: (r) => r.bytes,
  share: (r) => r.bytes,
  mean: (r) => r.keys ? r.bytes / r.keys : 0,
  largest: (r) => r.largest,
};

function showPass() {
  const g = known.groups;
  const live = known.live;
  const running = live && live.scan_progress !== null && live.redis.state === "up"
    ? " A pass is at " + percent(live.scan_progress, 0) + "." : "";
  if (!g) {
    set("pass", "No pass over the keys is complete yet." + running);
    return;
  }
  set("pass", count(g.keys) + " keys, counted " + duration(serverNow() - g.finished_ms) +
    " ago" + (g.finished_ms - g.started_ms >= 1500 ? " in " + duration(g.finished_ms - g.started_ms) : "") + "; " +
    (g.measured >= g.keys ? "memory of all of them measured."
      : "memory estimated from " + count(g.measured) + " of them.") + running);
}

function groupName(row) {
  if (row.kind === "none") return element("em", "keys without a group");
  if (row.kind === "other") return element("em", "all further groups");
  return document.createTextNode(row.name === "" ? "(empty name)" : row.name);
}

function groupRow(row, total) {
  const tr = element("tr");
  const name = element("td");
  const memory = element("td", bytes(row.bytes), "num");
  const share = element("td", undefined, "share");
  const meter = element("div", undefined, "meter");
  const bar = element("span");
  const part = total > 0 ? row.bytes / total : 0;
  name.append(groupName(row));
  if (row.bytes_error > 0) {
    memory.append(element("em", " ± " + bytes(row.bytes_error)));
  }
  bar.style.width = part * 100 + "%";
  meter.append(bar);
  meter.setAttribute("role", "img");
  meter.setAttribute("aria-label", percent(part, 1));
  meter.title = percent(part, 1);
  share.append(meter);
  tr.append(name, element("td", count(row.keys), "num"), memory, share,
    element("td", bytes(row.keys ? row.bytes / row.keys : 0), "num"),
    element("td", bytes(row.largest), "num"));
  return tr;
}

function showGroups() {
  const g = known.groups;
  const wanted = byId("filter").value.trim().toLowerCase();
  const value = values[order.by];
  if (!g) return;
  const total = g.rows.reduce((sum, r) => sum + r.bytes, 0);
  const rows = g.rows
    .filter((r) => r.name.toLowerCase().includes(wanted))
    .sort((a, b) => {
      const x = value(a), y = value(b);
      const way = x < y ? -1 : x > y ? 1 : 0;
      return order.down ? -way : way;
    })
    .map((r) => groupRow(r, total));
  if (rows.length === 0) {
    const tr = element("tr");
    const td = element("td", g.rows.length ? "No group has that in its name." : "The cache is empty.", "sub");
    td.colSpan = 6;
    tr.append(td);
    rows.push(tr);
  }
  document.querySelector("#groups tbody").replaceChildren(...rows);
  const keys = g.largest.map((k) => {
    const li = element("li");
    li.append(element("b", bytes(k.bytes)), " ", element("code", k.key + (k.cut ? "…" : "")));
    return li;
  });
  byId("largest").replaceChildren(...(keys.length ? keys : [element("li", "The cache is empty.", "sub")]));
}

function sortBy(button) {
  const by = button.dataset.sort;
  order.down = order.by === by ? !order.down : by !== "name";
  order.by = by;
  for (const th of document.querySelectorAll("#groups th")) {
    if (th.contains(button)) {
      th.setAttribute("aria-sort", order.down ? "descending" : "ascending");
    } else {
      th.removeAttribute("aria-sort");
    }
  }
  showGroups();
}

/* ---- the slow log, in words ---------------------------------------------- */

function slowEntry(e) {
  const li = element("li");
  li.append(element("b", micros(e.usec)), " for ", element("code", e.command));
  if (e.key !== "") li.append(" of ", element("code", e.key));
  if (e.hidden > 0) {
    li.append(element("em", e.hidden === 1 ? " (1 argument not shown)"
      : " (" + e.hidden + " arguments not shown)"));
  }
  li.append(element("em", " · " + moment(e.time * 1000) + (e.client ? " · from " + e.client : "")));
  return li;
}

function showSlowlog() {
  const log = known.slowlog;
  if (!log) return;
  const limit = isNumber(log.threshold_us) ? " Redis notes what takes longer than " + micros(log.threshold_us) + "." : "";
  set("slow-sub", (log.entries.length === 0 ? "None noted." : "The newest of them, values hidden.") + limit);
  byId("slow").replaceChildren(...log.entries.map(slowEntry));
}

/* ---- charts --------------------------------------------------------------- */

const SVG = "http://www.w3.org/2000/svg";
const W = 600, H = 130, LEFT = 4, TOP = 4, BOTTOM = 4;
let range = "1h";
let historyData = null;

const charts = [
  { key: "hit_ratio", title: "Hit ratio", text: (v) => percent(v, 1), max: () => 1 },
  { key: "memory_used", title: "Memory", text: bytes, unit: 1, limit: "memory_limit" },
  { key: "commands", title: "Operations a second", text: rate },
  { key: "evicted", title: "Evictions a second", text: rate },
  { key: "keys", title: "Keys", text: count },
  { key: "answer_us", title: "Answer time", text: micros },
];

function svg(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function makeChart(chart) {
  const box = element("div", undefined, "chart");
  const head = element("div", undefined, "chart-head");
  chart.output = element("output", "");
  chart.svg = svg("svg", { viewBox: `0 0 ${W} ${H}`, preserveAspectRatio: "none", role: "img", tabindex: "0" });
  head.append(element("h3", chart.title), chart.output);
  box.append(head, chart.svg);
  chart.svg.addEventListener("pointermove", (e) => {
    const r = chart.svg.getBoundingClientRect();
    point(chart, Math.floor((e.clientX - r.left) / r.width * size()));
  });
  chart.svg.addEventListener("pointerleave", () => point(chart, -1));
  chart.svg.addEventListener("blur", () => point(chart, -1));
  chart.svg.addEventListener("keydown", (e) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[e.key];
    if (step === undefined) return;
    e.preventDefault();
    const from = chart.at >= 0 ? chart.at : size() - (step < 0 ? 0 : 1);
    point(chart, Math.max(0, Math.min(size() - 1, from + step)));
  });
  byId("charts").append(box);
}

const size = () => historyData ? historyData.series.keys.length : 0;
const xOf = (i) => LEFT + (i + 0.5) / size() * (W - 2 * LEFT);

/* A round number not below `v`; of bytes, round in their unit. */
function roundUp(v, unit) {
  if (!(v > 0)) return 1;
  while (unit && v / unit >= 1024) unit *= 1024;
  if (unit > 1) return unit * roundUp(v / unit);
  const step = Math.pow(10, Math.floor(Math.log10(v)));
  return [1, 2, 2.5, 5, 10].map((m) => m * step).find((m) => m >= v * 0.9999);
}

/* Stretches of known values, so that a gap stays a gap. */
function runs(data) {
  const all = [];
  let run = null;
  data.forEach((v, i) => {
    if (v === null) { run = null; return; }
    if (!run) { run = []; all.push(run); }
    run.push(i);
  });
  return all;
}

/*
 * Lookups are rare on a quiet site: a stretch without any has no ratio, though
 * nothing was missed. The curve goes on over such a stretch.
 */
function bridged(series) {
  let last = null;
  return series.hit_ratio.map((v, i) => {
    if (series.keys[i] === null) last = null;
    else if (v !== null) last = v;
    return last;
  });
}

function drawChart(chart) {
  const series = historyData.series;
  const data = chart.key === "hit_ratio" ? bridged(series) : series[chart.key];
  const present = data.filter((v) => v !== null);
  const limit = chart.limit ? Math.max(0, ...series[chart.limit].filter((v) => v !== null)) : 0;
  const most = present.length ? Math.max(...present) : 0;
  const top = chart.max ? chart.max() : limit > 0 && most > limit / 4 ? limit * 1.05 : roundUp(most * 1.05, chart.unit);
  const y = (v) => TOP + (1 - v / top) * (H - TOP - BOTTOM);
  const base = y(0).toFixed(1);
  let line = "", area = "";
  chart.data = data;
  for (const run of runs(data)) {
    const points = run.map((i) => xOf(i).toFixed(1) + " " + y(data[i]).toFixed(1));
    if (run.length === 1) points.push((xOf(run[0]) + 1).toFixed(1) + " " + y(data[run[0]]).toFixed(1));
    line += "M" + points.join("L");
    area += "M" + xOf(run[0]).toFixed(1) + " " + base + "L" + points.join("L") +
      "L" + points[points.length - 1].split(" ")[0] + " " + base + "Z";
  }
  chart.svg.setAttribute("aria-label", present.length
    ? `${chart.title}: ${chart.text(present[present.length - 1])} at the end, from ` +
      `${chart.text(Math.min(...present))} to ${chart.text(most)}. Arrow keys read values.`
    : chart.title + ": nothing recorded in this range");
  chart.svg.replaceChildren(
    svg("line", { class: "grid", x1: 0, x2: W, y1: base, y2: base, "vector-effect": "non-scaling-stroke" }),
    svg("line", { class: "grid", x1: 0, x2: W, y1: y(top / 2), y2: y(top / 2), "vector-effect": "non-scaling-stroke" }),
    svg("path", { class: "area", d: area }),
    svg("path", { class: "curve", d: line, "vector-effect": "non-scaling-stroke" }));
  if (limit > 0 && limit <= top) {
    chart.svg.append(svg("line", { class: "limit", x1: 0, x2: W, y1: y(limit), y2: y(limit), "vector-effect": "non-scaling-stroke" }));
  }
  chart.mark = svg("line", { class: "mark", y1: 0, y2: base, "vector-effect": "non-scaling-stroke", visibility: "hidden" });
  chart.svg.append(chart.mark);
  axis(chart, top);
  point(chart, chart.at === undefined ? -1 : chart.at);
}

/* Labels are HTML: text inside a stretched drawing would be stretched, too. */
function axis(chart, top) {
  const from = historyData.from * 1000;
  const span = size() * historyData.step_s * 1000;
  const label = (ms) => span > 2 * 86400e3
    ? new Date(ms).toLocaleDateString("en-GB", { day: "numeric", month: "short" })
    : timeOf(ms, { hour: "2-digit", minute: "2-digit" });
  if (!chart.axis) {
    chart.axis = element("div", undefined, "axis");
    chart.top = element("div", undefined, "top");
    chart.svg.after(chart.axis);
    chart.svg.before(chart.top);
  }
  chart.top.textContent = chart.text(top);
  chart.axis.replaceChildren(...[0, 1 / 3, 2 / 3, 1].map((f) => element("span", label(from + f * span))));
}

/* Reads the value at stretch `i`; the newest when i is negative. */
function point(chart, i) {
  chart.at = i;
  if (!chart.data || !chart.mark) return;
  if (i < 0) {
    const last = chart.data.findLast ? chart.data.findLast((v) => v !== null)
      : chart.data.filter((v) => v !== null).pop();
    chart.output.textContent = last === undefined ? "nothing recorded" : chart.text(last);
    chart.mark.setAttribute("visibility", "hidden");
    return;
  }
  const v = chart.data[Math.min(i, chart.data.length - 1)];
  chart.output.textContent = moment((historyData.from + i * historyData.step_s) * 1000) + " · " +
    (v === null || v === undefined ? "gap" : chart.text(v));
  chart.mark.setAttribute("x1", xOf(i));
  chart.mark.setAttribute("x2", xOf(i));
  chart.mark.setAttribute("visibility", "visible");
}

// Not relative to the page's address itself: fetch() refuses one that carries
// a name and password (https://monitor:...@host/cache/), as bookmarks may.
function api(path) {
  return location.origin + location.pathname + "api/v1/" + path;
}

async function loadHistory() {
  const asked = range;
  try {
    const answer = await fetch(api("history?range=" + asked), { cache: "no-store" });
    if (!answer.ok) return;
    const data = await answer.json();
    if (asked !== range) return;
    historyData = data;
    charts.forEach(drawChart);
  } catch (e) {
    /* The state line says it. */
  }
}

function chooseRange(button) {
  range = button.dataset.range;
  for (const b of byId("ranges").children) {
    b.setAttribute("aria-pressed", String(b === button));
  }
  loadHistory();
}

/* ---- where the figures come from ------------------------------------------ */

const show = { live: () => { showLive(); showNotices(); showState(); }, groups: () => { showGroups(); showPass(); }, slowlog: showSlowlog };

function take(part, value) {
  heardAt = performance.now();
  known[part] = value;
  show[part]();
}

let polling = 0;

async function poll() {
  try {
    const answer = await fetch(api("snapshot"), { cache: "no-store" });
    if (!answer.ok) return;
    const all = await answer.json();
    clockOffset = all.now_ms - Date.now();
    for (const part of Object.keys(known)) {
      if (all[part]) take(part, all[part]);
    }
  } catch (e) {
    /* The state line says it. */
  }
}

/* Live updates; while they do not come, asks every few seconds. */
function listen() {
  const source = new EventSource("events");
  for (const part of Object.keys(known)) {
    source.addEventListener(part, (e) => take(part, JSON.parse(e.data)));
  }
  source.addEventListener("open", () => {
    clearInterval(polling);
    polling = 0;
  });
  source.addEventListener("error", () => {
    if (!polling) polling = setInterval(poll, 4000);
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 30000);
  });
}

charts.forEach(makeChart);
for (const button of document.querySelectorAll("#groups th button")) {
  button.addEventListener("click", () => sortBy(button));
}
for (const button of byId("ranges").children) {
  button.addEventListener("click", () => chooseRange(button));
}
byId("filter").addEventListener("input", showGroups);
poll();
listen();
loadHistory();
setInterval(showState, 1000);
setInterval(() => { if (!document.hidden) loadHistory(); }, 10000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) loadHistory(); });
