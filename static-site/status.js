/*
 * The status strip: asks once, then every ten seconds while somebody looks.
 * The page is whole without it.
 */
"use strict";

(() => {
  const strip = document.getElementById("status");
  const note = document.getElementById("status-note");
  const states = new Map();
  let timer;

  for (const item of strip.querySelectorAll("[data-service]")) {
    states.set(item.dataset.service, item);
  }

  function show(services, words) {
    for (const [name, item] of states) {
      const said = services[name];
      const state = said === "up" || said === "down" ? said : "unknown";
      if (item.dataset.state !== state) {
        item.dataset.state = state;
        item.querySelector("b").textContent = state;
      }
    }
    if (note.textContent !== words) {
      note.textContent = words;
    }
  }

  async function ask() {
    try {
      const reply = await fetch(strip.dataset.source, {
        cache: "no-cache",
        credentials: "omit",
        signal: AbortSignal.timeout(8000),
      });
      if (!reply.ok) {
        throw new Error(reply.status);
      }
      const told = await reply.json();
      const down = Object.values(told.services).filter((s) => s !== "up").length;
      show(told.services, down === 0
        ? "Asked by the exporter, which every service answered."
        : "Asked by the exporter; " + down + " gave no answer.");
    } catch {
      show({}, "The exporter could not be asked, so nothing is known.");
    }
  }

  async function go() {
    clearTimeout(timer);
    if (document.visibilityState === "visible") {
      await ask();
      timer = setTimeout(go, 10000);
    }
  }

  document.addEventListener("visibilitychange", go);
  go();
})();
