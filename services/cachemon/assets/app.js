/*
 * The dashboard: shows what api/v1/snapshot and events say (see web.h).
 */
import { byId, element, set, isNumber, bytes, count, rate, percent, duration, micros, timeOf, moment, setClock, serverNow, ask } from "./words.js";
import { canDraw } from "./plot.js";
import { startCharts, refreshHistory } from "./charts.js";
import { startGroups, showGroups, showPass, loadTrends } from "./groups.js";
import { showSlowlog, showServer, showPlugin, showMonitor } from "./panels.js";
import { startControl, showJob } from "./control.js";

const known = { live: null, groups: null, slowlog: null, server: null, activity: null, plugin: null, advice: null, job: null, monitor: null };
let heardAt = 0; /* when anything came from cachemon, performance.now() */

/* ---- the state line and the notices ------------------------------------ */

function notices() {
  const live = known.live;
  const all = [];
  if (live.redis.state === "down") {
    all.push(["bad", (live.redis.answered_ms === null
      ? "Redis has not answered since cachemon started."
      : "Redis has not answered since " + moment(live.redis.answered_ms) +
        ". The figures below are from then.") + " " + (live.redis.error || "") + "."]);
  } else if (known.advice) {
    all.push(...known.advice.items.map((item) => [item.level, item.text]));
  }
  if (live.redis.state === "up" && !live.feed) {
    all.push(["note", "Redis' own messages are not heard yet; counts are as of the last pass."]);
  }
  if (!canDraw) {
    all.push(["note", "Tables stand where charts would be: uPlot, which draws them, was not there when this was built. " +
      "Unless CACHEMON_CHARTS is off, the next make tries again to fetch it from npm's registry."]);
  }
  if (!live.history_kept) {
    all.push(["warn", "History is kept in memory only, for one hour: the volume cannot be used (see cachemon's log)."]);
  }
  return all;
}

let noticesShown = "";
function showNotices() {
  if (!known.live) return;
  const all = notices();
  const text = JSON.stringify(all);
  /* Replace only what changed, or screen readers say it again and again. */
  if (text === noticesShown) return;
  noticesShown = text;
  byId("notices").replaceChildren(...all.map(([level, words]) => element("p", words, "notice " + level)));
}

/* Called each second: what is true even when nothing comes. */
function showState() {
  const live = known.live;
  const silent = (performance.now() - heardAt) / 1000;
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
  byId("state").className = "state " + name;
  set("state-text", text);
  document.body.classList.toggle("stale", name !== "up");
  set("freshness", live && live.redis.answered_ms
    ? "Read " + timeOf(live.redis.answered_ms) : "");
  showPass(known);
}

/* ---- the cards ---------------------------------------------------------- */

/* Marks a card whose figure is past its threshold. */
function alertOf(id, name) {
  const advice = known.advice;
  const on = Boolean(advice) && advice.alerts.includes(name);
  byId(id).closest(".card").classList.toggle("alert", on);
}

function showMemory(memory) {
  const share = memory.limit > 0 ? memory.used / memory.limit : 0;
  const limit = known.advice ? known.advice.thresholds.memory : 0.9;
  const meter = byId("memory-meter");
  set("memory", bytes(memory.used));
  set("memory-sub", memory.limit > 0
    ? percent(share, 0) + " of " + bytes(memory.limit) + " · " + memory.policy + " · peak " + bytes(memory.peak)
    : "no limit · peak " + bytes(memory.peak));
  meter.className = "meter" + (share > 0.97 ? " bad" : share > limit ? " warn" : "");
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
    set("ratio-sub", "of lookups in Redis, last minute · now " + percent(ratio.interval, 1) +
      " · since Redis began " + percent(ratio.total, 1));
  } else {
    set("ratio", percent(ratio.total, 1));
    set("ratio-sub", "of lookups in Redis since it began · none in the last minute");
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
  alertOf("ratio", "hit_ratio");
  alertOf("memory", "memory");
  alertOf("evictions", "evictions");
  alertOf("clients", "answer");
}

/* What WordPress itself says of its requests, both levels of its cache. */
function showViews() {
  const a = known.activity;
  if (!a || !a.window.views) {
    set("views", "–");
    set("views-sub", a && a.total.views ? "no requests in the last ten minutes" : "no request reported yet");
    return;
  }
  const w = a.window;
  const found = w.memory_hits + w.hits;
  const looked = found + w.misses;
  set("views", micros(Math.round(w.us / w.views)));
  set("views-sub", "waiting for Redis in each of " + count(w.views) + " requests" +
    (a.page_us > 0 ? ", " + percent(w.us / a.page_us, 1) + " of their time" : ""));
  set("found", percent(looked ? found / looked : null, 1));
  set("found-sub", looked
    ? percent(w.memory_hits / looked, 0) + " in PHP's memory, " + percent(w.hits / looked, 0) +
      " in Redis · " + rate(looked / w.views) + " lookups, " + rate(w.writes / w.views) + " writes each"
    : "");
}

/* ---- where the figures come from ------------------------------------------ */

const table = () => showGroups(known);
const show = {
  live: () => { showLive(); showNotices(); showState(); },
  groups: () => { table(); showPass(known); },
  activity: () => { showViews(); table(); },
  advice: () => { showNotices(); showLive(); },
  slowlog: () => showSlowlog(known.slowlog),
  server: () => showServer(known.server),
  plugin: () => showPlugin(known.plugin),
  job: () => showJob(known.job),
  monitor: () => showMonitor(known.monitor),
};

function take(part, value) {
  heardAt = performance.now();
  known[part] = value;
  show[part]();
}

let polling = 0;

async function poll() {
  const all = await ask("snapshot");
  if (!all) return;
  setClock(all.now_ms);
  for (const part of Object.keys(known)) {
    if (all[part]) take(part, all[part]);
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

/* ---- light and dark --------------------------------------------------------- */

const themes = ["auto", "light", "dark"];

function setTheme(name) {
  if (!themes.includes(name)) name = "auto";
  document.documentElement.dataset.theme = name;
  set("theme", "Colours: " + name);
  document.dispatchEvent(new Event("colours"));
  try { localStorage.setItem("cachemon-theme", name); } catch (e) { /* not kept */ }
}

function startTheme() {
  let kept = "auto";
  try { kept = localStorage.getItem("cachemon-theme"); } catch (e) { /* not kept */ }
  setTheme(kept);
  byId("theme").addEventListener("click", () => {
    const at = themes.indexOf(document.documentElement.dataset.theme);
    setTheme(themes[(at + 1) % themes.length]);
  });
}

startTheme();
startGroups(known);
startControl();
poll();
listen();
startCharts();
loadTrends(known);
setInterval(showState, 1000);
setInterval(refreshHistory, 10000);
setInterval(() => { if (!document.hidden) loadTrends(known); }, 60000);
document.addEventListener("visibilitychange", refreshHistory);
