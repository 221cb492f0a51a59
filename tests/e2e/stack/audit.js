/*
 * What is wrong with the page that is open, as a list of words: structure,
 * names for screen readers, contrast (WCAG 2.1: 4.5, or 3 for large text), what
 * came from elsewhere, layout shift. Run by stack/browser.py.
 */
const faults = [];
const fault = (text) => faults.push(text);
const seen = (e) => {
  const box = e.getBoundingClientRect();
  return box.width > 0 && box.height > 0 &&
    getComputedStyle(e).visibility === "visible";
};

if (!document.documentElement.lang) fault("no language");
if (!document.title.trim()) fault("no title");
if (document.querySelectorAll("main").length !== 1) fault("not one main");
if (document.querySelectorAll("h1").length !== 1) fault("not one h1");
let level = 0;
for (const heading of document.querySelectorAll("h1,h2,h3,h4,h5,h6")) {
  const next = Number(heading.tagName[1]);
  if (next > level + 1) fault("heading skips a level: " + heading.textContent);
  level = next;
}
const ids = new Set();
for (const element of document.querySelectorAll("[id]")) {
  if (ids.has(element.id)) fault("id twice: " + element.id);
  ids.add(element.id);
}
for (const image of document.querySelectorAll("img")) {
  if (!image.hasAttribute("alt")) fault("no alternative text: " + image.src);
}
for (const drawing of document.querySelectorAll("svg")) {
  const label = drawing.getAttribute("aria-labelledby");
  if (drawing.getAttribute("aria-hidden") !== "true" &&
      !(label && label.split(" ").every((id) => ids.has(id)))) {
    fault("a drawing without a name");
  }
}
/* Each box of a drawing is as wide as its words. */
for (const box of document.querySelectorAll("svg a > rect")) {
  const area = box.getBoundingClientRect();
  for (const text of box.parentElement.querySelectorAll("text")) {
    const words = text.getBoundingClientRect();
    if (words.left < area.left + 4 || words.right > area.right - 4 ||
        words.top < area.top || words.bottom > area.bottom) {
      fault("out of its box: " + text.textContent);
    }
  }
}
for (const link of document.querySelectorAll("a[href], button")) {
  const name = link.getAttribute("aria-label") || link.textContent;
  if (!name.trim()) fault("a link without words: " + link.outerHTML);
}
for (const link of document.querySelectorAll("a[href^='#']")) {
  if (!ids.has(link.getAttribute("href").slice(1))) {
    fault("leads nowhere: " + link.getAttribute("href"));
  }
}

const parse = (color) => (color.match(/[\d.]+/g) || []).map(Number);
const luminance = ([r, g, b]) => {
  const [x, y, z] = [r, g, b].map((v) => {
    v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
const contrast = (one, other) => {
  const [a, b] = [luminance(one), luminance(other)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
};
const backgroundOf = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const color = parse(getComputedStyle(e).backgroundColor);
    if (color.length === 3 || color[3] > 0.99) return color;
  }
  return [255, 255, 255];
};
/* In a drawing: the last filled shape before the text that lies under it. */
const fillUnder = (text) => {
  const box = text.getBoundingClientRect();
  const x = box.x + box.width / 2, y = box.y + box.height / 2;
  let found = backgroundOf(text.ownerSVGElement);
  for (const shape of text.ownerSVGElement.querySelectorAll("rect, text")) {
    if (shape === text) break;
    const area = shape.getBoundingClientRect();
    const fill = getComputedStyle(shape).fill;
    if (shape.tagName === "rect" && fill !== "none" && area.left <= x &&
        x <= area.right && area.top <= y && y <= area.bottom) {
      found = parse(fill);
    }
  }
  return found;
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || !seen(element) ||
      ["SCRIPT", "STYLE", "NOSCRIPT", "title", "desc"].includes(
        element.tagName)) {
    continue;
  }
  const style = getComputedStyle(element);
  const drawn = element instanceof SVGElement;
  const color = parse(drawn ? style.fill : style.color);
  const under = drawn ? fillUnder(element) : backgroundOf(element);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
  const ratio = contrast(color, under);
  if (ratio < (large ? 3 : 4.5)) {
    fault("contrast " + ratio.toFixed(2) + ": " +
      walker.currentNode.textContent.trim().slice(0, 30));
  }
}

let bytes = 0;
for (const entry of performance.getEntries()) {
  if (entry.entryType === "navigation" || entry.entryType === "resource") {
    bytes += entry.transferSize;
    if (new URL(entry.name).origin !== location.origin) {
      fault("from elsewhere: " + entry.name);
    }
  }
}
if (bytes > 100000) fault("weighs " + bytes + " bytes");
const shift = (window.shifts || []).reduce((sum, v) => sum + v, 0);
if (shift > 0.01) fault("layout shift " + shift.toFixed(3));
return faults;
