// The cluster as `kabar status` sees it, again and again, with what each node has sent lately.
// Never changes anything; every text is a text node.

const period = 2000;
/** Looks that a sparkline shows: two minutes. */
const shown = 60;
const rates = new Map();

const element = id => document.getElementById(id);

function make(tag, name, ...children) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...children);
  return made;
}

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(count, 1)) / 10));
  return `${number.format(count / 1024 ** step)} ${units[step]}`;
}

function duration(seconds) {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

function facts(list, entries) {
  list.replaceChildren(...entries.filter(([, value]) => value !== undefined)
    .map(([name, value]) => make("li", "", make("span", "", name), make("span", "", `${value}`))));
}

/** A line of the last rates; its height is the highest of them. */
function sparkline(name, values) {
  const space = "http://www.w3.org/2000/svg";
  const [svg, line] = [document.createElementNS(space, "svg"), document.createElementNS(space, "polyline")];
  const highest = Math.max(1, ...values);
  svg.setAttribute("viewBox", `0 0 ${shown - 1} 20`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `messages per second of ${name}, at most ${number.format(highest)} lately`);
  line.setAttribute("points", values.map((value, index) => `${shown - values.length + index},${19 - 18 * value / highest}`).join(" "));
  svg.append(line);
  return svg;
}

function node(facts) {
  const lease = facts.is_leaving ? "leaving" : facts.lease_ms > 0 ? `${number.format(facts.lease_ms / 1000)} s` : "ended";
  const rows = [
    ["lease", lease], ["up", facts.uptime_seconds === undefined ? "?" : duration(facts.uptime_seconds)],
    ["connections", facts.connections ?? "?"], ["active users", facts.users],
    ["messages/s", number.format(facts.messages_per_second ?? 0)],
    ["where", `${facts.host ?? "?"}:${facts.port ?? "?"}, pid ${facts.pid ?? "?"}`], ["version", facts.version ?? "?"],
  ];
  const list = make("ul", "", ...rows.map(([name, value]) => make("li", "", make("span", "", name), make("span", "", `${value}`))));
  return make("div", facts.lease_ms > 0 ? "node" : "node ended", make("h3", "", facts.id), list, sparkline(facts.id, rates.get(facts.id)));
}

function persistence(redis) {
  if (redis.append_only === undefined) return undefined;
  if (!redis.append_only) return redis.snapshots ? "snapshots alone" : "none";
  return `append-only, synced ${redis.append_fsync ?? "?"}${redis.append_write_ok === false ? ", last write FAILED" : ""}`;
}

function show({ status, warnings }) {
  element("state").textContent = `${status.nodes.filter(node => node.lease_ms > 0).length} nodes at ${status.at}`;
  say("");
  element("warnings").replaceChildren(...warnings.map(({ text }) => make("li", "", text)));
  for (const { id, messages_per_second: rate } of status.nodes) {
    rates.set(id, [...(rates.get(id) ?? []), rate ?? 0].slice(-shown));
  }
  for (const id of rates.keys()) if (!status.nodes.some(node => node.id === id)) rates.delete(id);
  const { totals, redis } = status;
  facts(element("totals"), [
    ["messages per second", number.format(totals.messages_per_second)], ["active users", totals.active_users],
    ["connections", totals.connections], ["accounts", totals.accounts],
  ]);
  element("nodes").replaceChildren(...status.nodes.map(node));
  const limit = redis.maxmemory_bytes ? ` of ${bytes(redis.maxmemory_bytes)}` : ", no limit";
  facts(element("redis"), [
    ["memory", redis.memory_bytes === undefined ? undefined : bytes(redis.memory_bytes) + limit], ["persistence", persistence(redis)],
    ["PING", `${number.format(redis.ping_ms)} ms`], ["clients", redis.clients], ["replicas", redis.replicas.length],
    ["version", `${redis.product} ${redis.version ?? "?"}, ${redis.role}`],
    ["up", redis.uptime_seconds === undefined ? undefined : duration(redis.uptime_seconds)],
  ]);
}

/** Why what is shown is old; read out when it changes, and not at every look. */
function say(words) {
  if (element("problem").textContent !== words) element("problem").textContent = words;
}

async function look() {
  try {
    const response = await fetch("/cluster.json", { signal: AbortSignal.timeout(4000) });
    const report = await response.json();
    if (report.error) throw new Error(report.error);
    show(report);
  } catch (error) {
    say(`not up to date: ${error.message}`);
  }
  setTimeout(look, period);
}

look();
