/*
 * What changes something: removing keys, and a moment of live commands. Each
 * is confirmed, and carries the token that only this origin can read.
 */
import { byId, element, set, api, ask, count, duration } from "./words.js";

let control = { actions: false, monitor: false, token: null, prefix: "" };

/* May keys be removed here; this key? */
export function mayRemove(key) {
  return control.actions && (key === undefined || key.startsWith(control.prefix));
}

async function order(path) {
  try {
    const answer = await fetch(api(path), {
      method: "POST", cache: "no-store", headers: { "X-Cachemon-Token": control.token },
    });
    if (answer.ok) return true;
    const why = await answer.json();
    say(why.error || "Refused.");
  } catch (e) {
    say("cachemon does not answer.");
  }
  /* The token is of another run of cachemon, perhaps. */
  loadControl();
  return false;
}

function say(text) {
  const line = byId("job");
  line.hidden = false;
  line.replaceChildren(element("span", text));
}

/* Asks before it does anything; Escape and the first button say no. */
function confirmed(text, verb) {
  const dialog = byId("confirm");
  set("confirm-text", text);
  set("confirm-yes", verb);
  return new Promise((resolve) => {
    const done = (answer) => {
      byId("confirm-yes").onclick = byId("confirm-no").onclick = dialog.oncancel = null;
      dialog.close();
      resolve(answer);
    };
    byId("confirm-yes").onclick = () => done(true);
    byId("confirm-no").onclick = () => done(false);
    dialog.oncancel = (e) => { e.preventDefault(); done(false); };
    dialog.showModal();
    byId("confirm-no").focus();
  });
}

export async function flushGroup(name, keys) {
  if (await confirmed("Remove the " + count(keys) + " keys of group " + name + "? WordPress makes them anew; the next pages are slower.", "Remove them")) {
    order("flush-group?group=" + encodeURIComponent(name));
  }
}

export async function deleteKey(key) {
  if (await confirmed("Remove the key " + key + "? WordPress makes it anew when it needs it.", "Remove it")) {
    order("delete-key?key=" + encodeURIComponent(key));
  }
}

async function flushSite() {
  if (await confirmed("Remove all keys of the site? Every page is slower until they are made anew.", "Remove all")) {
    order("flush-site");
  }
}

const what = { flush_group: "Group ", flush_site: "The whole site", delete_key: "Key " };

export function showJob(job) {
  if (!job) return;
  const share = job.expected > 0 ? Math.min(1, job.looked_at / job.expected) : 0;
  const running = job.state === "running";
  say(what[job.kind] + job.target + ", asked for by " + job.who + ": " +
    (job.state === "failed" ? "failed. " + (job.error || "") : count(job.removed) + " keys removed" +
      (running ? "…" : " in " + duration(job.now_ms - job.started_ms) + ".")));
  if (running) {
    const bar = element("progress");
    bar.max = 1;
    if (job.expected > 0) bar.value = share;
    bar.setAttribute("aria-label", "Progress");
    byId("job").append(bar);
  }
}

async function loadControl() {
  control = await ask("control") || control;
  byId("flush-site").hidden = !control.actions;
  byId("watch").hidden = !control.monitor;
  if (!control.monitor) set("monitor-sub", "Switched off, or it is not known who asks.");
  document.dispatchEvent(new Event("control"));
}

export function startControl() {
  byId("flush-site").addEventListener("click", flushSite);
  byId("watch").addEventListener("click", () => {
    byId("watch").disabled = true;
    order("monitor?seconds=3").then((ok) => { if (!ok) byId("watch").disabled = false; });
  });
  loadControl();
}
