/*
 * The smaller panels: slow commands in words, who is connected, where memory
 * goes, what the Redis Object Cache plugin says, live commands.
 */
import { byId, element, set, isNumber, bytes, count, rate, percent, duration, micros, moment } from "./words.js";

function hiddenText(n) {
  return n === 1 ? " (1 argument not shown)" : " (" + n + " arguments not shown)";
}

function slowEntry(e) {
  const li = element("li");
  li.append(element("b", micros(e.usec)), " for ", element("code", e.command));
  if (e.key !== "") li.append(" of ", element("code", e.key));
  if (e.hidden > 0) li.append(element("em", hiddenText(e.hidden)));
  li.append(element("em", " · " + moment(e.time * 1000) + (e.client ? " · from " + e.client : "")));
  return li;
}

export function showSlowlog(log) {
  if (!log) return;
  const limit = isNumber(log.threshold_us) ? " Redis notes what takes longer than " + micros(log.threshold_us) + "." : "";
  set("slow-sub", (log.entries.length === 0 ? "None noted." : "The newest of them, values hidden.") + limit);
  byId("slow").replaceChildren(...log.entries.map(slowEntry));
}

function pair(name, value) {
  const li = element("li");
  li.append(element("b", value), " ", name);
  return li;
}

function clientEntry(c) {
  const li = element("li");
  li.append(element("b", c.user || "unknown"), " ", element("code", c.address));
  li.append(element("em", (c.name ? " · " + c.name : "") + " · " + c.command + " " + duration(c.idle_s * 1000) + " ago · connected " +
    duration(c.age_s * 1000) + (c.memory ? " · " + bytes(c.memory) : "")));
  return li;
}

export function showServer(server) {
  if (!server) return;
  const m = server.memory;
  const clients = server.clients.map(clientEntry);
  if (server.clients_all > server.clients.length) {
    clients.push(element("li", "and " + count(server.clients_all - server.clients.length) + " more", "sub"));
  }
  byId("client-list").replaceChildren(...(clients.length ? clients
    : [element("li", "Nobody now: WordPress connects for each request.", "sub")]));
  byId("memory-list").replaceChildren(
    pair("are values and keys", bytes(m.dataset)),
    pair("is Redis' own bookkeeping", bytes(m.overhead)),
    pair("of that at start", bytes(m.startup)),
    pair("are buffers of clients", bytes(m.clients)),
    pair("a key on average", bytes(m.bytes_per_key)),
    pair("times what is used is taken from the system", m.fragmentation ? m.fragmentation.toFixed(2) : "–"));
  const events = server.latency.map((l) => pair(" " + l.event + " · last " + moment(l.time * 1000) +
    " · at most " + count(l.highest_ms) + " ms", count(l.last_ms) + " ms"));
  byId("latency-list").replaceChildren(...(events.length ? events
    : [element("li", "Nothing made Redis wait.", "sub")]));
}

export function showPlugin(p) {
  byId("plugin").hidden = !p;
  if (!p) return;
  byId("plugin-list").replaceChildren(
    pair("of lookups found, over its last " + count(p.requests) + " requests", percent(p.hit_ratio, 1)),
    pair("hits and " + rate(p.misses) + " misses a request", rate(p.hits)),
    pair("waiting for Redis in a request, " + rate(p.calls) + " calls", micros(p.us)),
    pair("read and written in a request", bytes(p.bytes)),
    pair("requests kept" + (p.set_bytes ? ", in " + bytes(p.set_bytes) : ""), count(p.kept)));
}

function liveEntry(l) {
  const li = element("li");
  li.append(element("b", "+" + micros(l.us)), " ", element("code", l.command));
  if (l.key !== "") li.append(" ", element("code", l.key));
  if (l.hidden > 0) li.append(element("em", hiddenText(l.hidden)));
  li.append(element("em", " · " + l.client));
  return li;
}

const names = (rows) => rows.slice(0, 8).map((r) => r.name + " " + count(r.count)).join(", ");

export function showMonitor(m) {
  if (!m) return;
  const button = byId("watch");
  const running = m.state === "running";
  button.disabled = running;
  if (running) {
    set("monitor-sub", "Watching for " + m.seconds + " s…");
    return;
  }
  const seconds = Math.max(0.1, m.took_ms / 1000);
  set("monitor-sub", (m.error ? m.error + ". " : "") + count(m.commands) + " commands in " + seconds.toFixed(1) + " s at " +
    moment(m.started_ms) + ", values hidden, cachemon's own left out." +
    (m.by_command.length ? " Commands: " + names(m.by_command) + "." : "") +
    (m.by_group.length ? " Groups: " + names(m.by_group) + "." : ""));
  byId("monitor-list").replaceChildren(...m.lines.map(liveEntry));
}
