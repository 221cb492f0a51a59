/*
 * History as charts: drawn as SVG, so that they are sharp at each size, have
 * words for a screen reader, and follow the page's colours by themselves.
 */
import { byId, element, set, svg, runs, bytes, count, rate, percent, micros, timeOf, moment, serverNow, ask } from "./words.js";

const W = 600, H = 130, LEFT = 4, TOP = 4, BOTTOM = 4;
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
  chart.svg = svg("svg", { viewBox: `0 0 ${W} ${H}`, preserveAspectRatio: "none", role: "img", tabindex: "0" });
  head.append(element("h3", chart.title), chart.output);
  box.append(head, chart.svg);
  listen(chart);
  byId("charts").append(box);
}

/* Where the pointer is, as a stretch of the chart. */
function stretchAt(chart, e) {
  const r = chart.svg.getBoundingClientRect();
  return Math.max(0, Math.min(size() - 1, Math.floor((e.clientX - r.left) / r.width * size())));
}

/* Reading values by pointer and keys; zooming by drag, + and -. */
function listen(chart) {
  const on = (name, f) => chart.svg.addEventListener(name, f);
  on("pointerdown", (e) => {
    if (e.button !== 0 || !size()) return;
    chart.from = stretchAt(chart, e);
    chart.svg.setPointerCapture(e.pointerId);
  });
  on("pointermove", (e) => {
    const at = stretchAt(chart, e);
    charts.forEach((c) => point(c, at));
    if (chart.from !== undefined) showSelection(chart, at);
  });
  on("pointerup", (e) => {
    const from = chart.from, to = stretchAt(chart, e);
    dropSelection(chart);
    if (from !== undefined && Math.abs(to - from) > 2) zoomTo(Math.min(from, to), Math.max(from, to) + 1);
  });
  on("pointercancel", () => dropSelection(chart));
  on("pointerleave", () => { if (chart.from === undefined) charts.forEach((c) => point(c, -1)); });
  on("blur", () => charts.forEach((c) => point(c, -1)));
  on("keydown", (e) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[e.key];
    const at = chart.at >= 0 ? chart.at : size() - 1;
    if (e.key === "+" || e.key === "=") zoomAround(at, 0.5);
    else if (e.key === "-") zoomAround(at, 2);
    else if (e.key === "Escape" || e.key === "0") resetZoom();
    else if (step !== undefined) {
      const next = chart.at >= 0 ? chart.at + step : at;
      charts.forEach((c) => point(c, Math.max(0, Math.min(size() - 1, next))));
    } else return;
    e.preventDefault();
  });
}

function showSelection(chart, at) {
  if (!chart.selection) {
    chart.selection = svg("rect", { class: "selection", y: 0, height: H });
    chart.svg.append(chart.selection);
  }
  const x = Math.min(xOf(chart.from), xOf(at));
  chart.selection.setAttribute("x", x);
  chart.selection.setAttribute("width", Math.abs(xOf(at) - xOf(chart.from)));
}

function dropSelection(chart) {
  chart.from = undefined;
  if (chart.selection) chart.selection.remove();
  chart.selection = null;
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
const xOf = (i) => LEFT + (i + 0.5) / size() * (W - 2 * LEFT);

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
      `${chart.text(Math.min(...present))} to ${chart.text(most)}. Arrow keys read values, plus and minus zoom.`
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
  if (chart.selection) chart.svg.append(chart.selection);
  axis(chart, top);
  point(chart, chart.at === undefined ? -1 : chart.at);
}

/* Labels are HTML: text inside a stretched drawing would be stretched, too. */
function axis(chart, top) {
  const from = historyData.from * 1000;
  const span = size() * historyData.step_s * 1000;
  const label = (ms) => span > 2 * 86400e3
    ? new Date(ms).toLocaleDateString("en-GB", { day: "numeric", month: "short" })
    : timeOf(ms, span < 600e3 ? undefined : { hour: "2-digit", minute: "2-digit" });
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

export async function loadHistory() {
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
