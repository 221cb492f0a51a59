/*
 * History as charts: values under the pointer or by keys, zoom by drag or by
 * keys, ranges. See plot.js for how one is drawn.
 */
import { byId, element, set, bytes, count, rate, percent, micros, moment, serverNow, ask } from "./words.js";
import { makePlot, canDraw } from "./plot.js";

let range = "1h";
let zoom = null; /* [from, to], Unix seconds */
let historyData = null;

const charts = [
  { key: "hit_ratio", title: "Hit ratio", text: (v) => percent(v, 1), max: () => 1 },
  { key: "memory_used", title: "Memory", text: bytes, unit: 1, limit: "memory_limit" },
  { key: "commands", title: "Operations a second", text: rate },
  { key: "evicted", title: "Evictions a second", text: rate },
  { key: "keys", title: "Keys", text: count },
  { key: "answer_us", title: "Answer time", text: micros },
];

function makeChart(chart) {
  const box = element("div", undefined, "chart");
  const head = element("div", undefined, "chart-head");
  chart.output = element("output", "");
  chart.node = element("div", undefined, "plot");
  head.append(element("h3", chart.title), chart.output);
  box.append(head, chart.node);
  byId("charts").append(box);
  chart.plot = makePlot(chart.node, chart.text);
  if (canDraw) listen(chart);
}

/* Where the pointer is, as a stretch of the chart. */
function stretchAt(chart, e) {
  const r = chart.plot.u.over.getBoundingClientRect();
  return Math.max(0, Math.min(size() - 1, Math.floor((e.clientX - r.left) / r.width * size())));
}

const pointAll = (i) => charts.forEach((c) => point(c, i));

/* Reading values by pointer and keys; zooming by drag, + and -. */
function listen(chart) {
  const on = (name, f) => chart.node.addEventListener(name, f);
  chart.node.setAttribute("role", "img");
  chart.node.tabIndex = 0;
  on("pointerdown", (e) => {
    if (e.button !== 0 || !size()) return;
    chart.from = stretchAt(chart, e);
    chart.node.setPointerCapture(e.pointerId);
  });
  on("pointermove", (e) => {
    if (!size()) return;
    const at = stretchAt(chart, e);
    pointAll(at);
    if (chart.from !== undefined) select(chart, chart.from, at);
  });
  on("pointerup", (e) => {
    const from = chart.from, to = stretchAt(chart, e);
    dropSelection(chart);
    if (from !== undefined && Math.abs(to - from) > 2) zoomTo(Math.min(from, to), Math.max(from, to) + 1);
  });
  on("pointercancel", () => dropSelection(chart));
  on("pointerleave", () => { if (chart.from === undefined) pointAll(-1); });
  on("blur", () => pointAll(-1));
  on("keydown", (e) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[e.key];
    const at = chart.at >= 0 ? chart.at : size() - 1;
    if (e.key === "+" || e.key === "=") zoomAround(at, 0.5);
    else if (e.key === "-") zoomAround(at, 2);
    else if (e.key === "Escape" || e.key === "0") resetZoom();
    else if (step !== undefined) {
      const next = chart.at >= 0 ? chart.at + step : at;
      pointAll(Math.max(0, Math.min(size() - 1, next)));
    } else return;
    e.preventDefault();
  });
}

/* Where a stretch is, in pixels. */
const xOf = (chart, i) => chart.plot.u.valToPos(historyData.from + (i + 0.5) * historyData.step_s, "x");

function select(chart, from, to) {
  const u = chart.plot.u;
  const left = Math.min(xOf(chart, from), xOf(chart, to));
  u.setSelect({ left, top: 0, width: Math.abs(xOf(chart, from) - xOf(chart, to)), height: u.over.clientHeight }, false);
}

function dropSelection(chart) {
  chart.from = undefined;
  chart.plot.u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

/* A part of the chart, in stretches. */
function zoomTo(from, to) {
  const step = historyData.step_s;
  setZoom(historyData.from + from * step, historyData.from + to * step);
}

function zoomAround(at, factor) {
  if (!size()) return;
  const step = historyData.step_s;
  const span = size() * step * factor;
  const middle = historyData.from + (at + 0.5) * step;
  const now = Math.ceil(serverNow() / 1000);
  const to = Math.min(now, Math.round(middle + span / 2));
  setZoom(to - Math.round(span), to);
}

function setZoom(from, to) {
  if (to - from < 60) {
    const middle = Math.round((from + to) / 2);
    from = middle - 30;
    to = middle + 30;
  }
  zoom = [Math.max(0, Math.floor(from)), Math.ceil(to)];
  showRange();
  loadHistory();
}

function resetZoom() {
  if (!zoom) return;
  zoom = null;
  showRange();
  loadHistory();
}

function showRange() {
  byId("zoom").hidden = !zoom;
  if (zoom) set("zoom-text", moment(zoom[0] * 1000) + " – " + moment(zoom[1] * 1000));
  for (const b of byId("ranges").children) {
    b.setAttribute("aria-pressed", String(!zoom && b.dataset.range === range));
  }
}

const size = () => historyData ? historyData.series.keys.length : 0;

/* A round number not below `v`; of bytes, round in their unit. */
function roundUp(v, unit) {
  if (!(v > 0)) return 1;
  while (unit && v / unit >= 1024) unit *= 1024;
  if (unit > 1) return unit * roundUp(v / unit);
  const step = Math.pow(10, Math.floor(Math.log10(v)));
  return [1, 2, 2.5, 5, 10].map((m) => m * step).find((m) => m >= v * 0.9999);
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
  const values = chart.key === "hit_ratio" ? bridged(series) : series[chart.key];
  const present = values.filter((v) => v !== null);
  const limits = chart.limit ? series[chart.limit].map((v) => v > 0 ? v : null) : [];
  const limit = Math.max(0, ...limits);
  const most = Math.max(0, ...present);
  /* A limit far above would press the curve to the ground. */
  const near = limit > 0 && most > limit / 4;
  chart.values = values;
  chart.plot.show({
    from: historyData.from, step: historyData.step_s, values, limits: near ? limits : null,
    top: chart.max ? chart.max() : near ? Math.max(limit, most) * 1.05 : roundUp(most * 1.05, chart.unit),
  });
  if (canDraw) chart.node.setAttribute("aria-label", present.length
    ? `${chart.title}: ${chart.text(present[present.length - 1])} at the end, from ` +
      `${chart.text(Math.min(...present))} to ${chart.text(most)}. Arrow keys read values, plus and minus zoom.`
    : chart.title + ": nothing recorded in this range");
  point(chart, chart.at === undefined ? -1 : chart.at);
}

/* Reads the value at stretch `i`; the newest when i is negative. */
function point(chart, i) {
  const u = chart.plot.u;
  chart.at = i;
  if (!chart.values) return;
  if (u) u.setCursor({ left: i < 0 ? -10 : xOf(chart, i), top: 0 });
  if (i < 0) {
    const last = chart.values.filter((v) => v !== null).pop();
    chart.output.textContent = last === undefined ? "nothing recorded" : chart.text(last);
    return;
  }
  const v = chart.values[Math.min(i, chart.values.length - 1)];
  chart.output.textContent = moment((historyData.from + i * historyData.step_s) * 1000) + " · " +
    (v === null || v === undefined ? "gap" : chart.text(v));
}

async function loadHistory() {
  const asked = zoom ? "from=" + zoom[0] + "&to=" + zoom[1] : "range=" + range;
  const data = await ask("history?" + asked);
  if (!data || asked !== (zoom ? "from=" + zoom[0] + "&to=" + zoom[1] : "range=" + range)) return;
  historyData = data;
  charts.forEach(drawChart);
}

/* While zoomed in the past stands still. */
export function refreshHistory() {
  if (!document.hidden && !zoom) loadHistory();
}

export function startCharts() {
  charts.forEach(makeChart);
  byId("charts-hint").hidden = !canDraw;
  for (const button of byId("ranges").children) {
    button.addEventListener("click", () => {
      range = button.dataset.range;
      zoom = null;
      showRange();
      loadHistory();
    });
  }
  byId("zoom-reset").addEventListener("click", resetZoom);
  loadHistory();
}
