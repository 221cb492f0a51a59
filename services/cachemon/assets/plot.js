/*
 * A curve over time, by uPlot. Colours are the page's own, read at each
 * drawing. Where the image was built without uPlot, a table takes its place.
 *
 * makePlot(node, text) gives { u, show, close }: show({ from, step, values,
 * limits, top }) draws `values`, one for each `step` seconds from `from` on,
 * null where nothing is known, on a scale from 0 to `top`; `limits`, or null,
 * is a second, dashed curve. `text` puts a value into words.
 */
import { element, timeOf, moment } from "./words.js";

export const canDraw = typeof uPlot === "function";
const drawn = new Set();

const color = (name) => () => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function redraw() {
  for (const u of drawn) u.redraw(false);
}

document.addEventListener("colours", redraw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

function label(seconds, step) {
  const date = new Date(seconds * 1000);
  if (step >= 86400 || (step >= 3600 && date.getHours() === 0)) {
    return date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  }
  return timeOf(seconds * 1000, step < 60 ? undefined : { hour: "2-digit", minute: "2-digit" });
}

/* Values between two gaps, which no line goes through. */
function lonely(u, s) {
  const data = u.data[s];
  const isGap = (i) => data[i] === null || data[i] === undefined;
  return [...data.keys()].filter((i) => !isGap(i) && isGap(i - 1) && isGap(i + 1));
}

function options(node, text, now) {
  const silent = () => null;
  const axis = {
    stroke: color("--soft"), font: "11px system-ui, sans-serif", gap: 4,
    grid: { stroke: color("--line"), width: 1 }, ticks: { show: false },
  };
  return {
    width: node.clientWidth, height: node.clientHeight, padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: {
      y: false, points: { size: 7 }, drag: { x: false, y: false },
      /* Pointers and keys are ours: uPlot knows no touch. */
      bind: { mousedown: silent, mouseup: silent, mousemove: silent, mouseenter: silent, mouseleave: silent, click: silent, dblclick: silent },
    },
    scales: {
      x: { range: () => [now.from, now.from + now.step * now.values.length] },
      y: { range: () => [0, now.top] },
    },
    axes: [
      { ...axis, size: 22, space: 64, grid: { show: false }, values: (u, splits, i, space, step) => splits.map((s) => label(s, step)) },
      { ...axis, size: (u, words) => words ? 10 + Math.max(...words.map((w) => w.length)) * 6.3 : 50,
        splits: () => [0, now.top / 2, now.top], values: (u, splits) => splits.map(text) },
    ],
    series: [
      {},
      { stroke: color("--accent"), fill: color("--fill"), width: 1.6, points: { show: false, filter: lonely, size: 4 } },
      { stroke: color("--bad"), dash: [5, 4], width: 1, points: { show: false } },
    ],
  };
}

function draw(node, text) {
  const now = { from: 0, step: 1, values: [null], top: 1 };
  const u = new uPlot(options(node, text, now), [[], [], []], node);
  const size = new ResizeObserver(() => u.setSize({ width: node.clientWidth, height: node.clientHeight }));
  size.observe(node);
  drawn.add(u);
  return {
    u,
    show(next) {
      Object.assign(now, next);
      u.setData([now.values.map((v, i) => now.from + (i + 0.5) * now.step), now.values,
        now.limits || now.values.map(() => null)]);
    },
    close() {
      size.disconnect();
      drawn.delete(u);
      u.destroy();
    },
  };
}

const ROWS = 6;

/* Every so many values, the newest last. */
function tabulate(node, text) {
  const body = element("tbody");
  const table = element("table");
  table.append(body);
  node.replaceChildren(table);
  return {
    u: null,
    show({ from, step, values }) {
      const every = Math.max(1, Math.floor(values.length / ROWS));
      const at = [...values.keys()].filter((i) => (values.length - 1 - i) % every === 0).slice(-ROWS);
      body.replaceChildren(...at.map((i) => {
        const row = element("tr");
        row.append(element("th", moment((from + i * step) * 1000)),
          element("td", values[i] === null ? "gap" : text(values[i]), "num"));
        row.firstChild.scope = "row";
        return row;
      }));
    },
    close() {},
  };
}

export const makePlot = canDraw ? draw : tabulate;
