// The bar, what is not as it should be, money, seams.
import { age, at, count, keyed, make, mark, micros, money, say, several, span } from "./parts.js";

const MODES = { live: "LIVE: real orders", dry_run: "Dry run: nothing is sent", demo: "Demo: paper money" };
const POINTS_MAX = 600;
const LINE_LATE_S = 10;
const nets = [];

export const showOverview = (state) => {
  showBar(state);
  showMoney(state);
  keyed(at("seams"), seams(state), (seam) => seam.name, seamItem, fillSeam);
};

const showBar = (state) => {
  say(at("profile"), `· ${nameOf(state.profile)}`);
  mark(at("profile"), "title", state.profile);
  mark(at("mode"), "data-mode", state.mode);
  say(at("mode-text"), MODES[state.mode] ?? state.mode);
  say(at("uptime"), span(state.uptime_s));
  say(at("version"), state.version);
  say(at("backend-hotloop"), state.hotloop.backend);
  say(at("backend-execution"), state.execution.backend);
  const title = `${state.execution.killed ? "KILLED · " : ""}${money(state.money.net, true)} · Hotloop ${nameOf(state.profile)}`;
  if (document.title !== title) document.title = title;
};

/** Of a profile that is a file, its name. */
const nameOf = (profile) => profile.split("/").at(-1) || "base";

// --- money ---------------------------------------------------------------------------------------

const showMoney = (state) => {
  const { net, gross, commission, charges, exposure, matched_stake: matched } = state.money;
  const { counts, execution } = state;
  const tone = net > 0.004 ? "gain" : net < -0.004 ? "loss" : "";
  say(at("net-value"), money(net, true));
  at("net-value").className = tone;
  say(at("net-word"), { gain: "▲ profit after commission", loss: "▼ loss after commission" }[tone] ?? "even");
  const tiles = [
    ["Gross", money(gross, true), "at the last prices"],
    ["Commission", money(commission + charges), charges ? "with charges" : ""],
    ["Exposure", money(exposure), "most to be lost now"],
    ["Open orders", count(execution.open_orders), execution.in_flight ? `${execution.in_flight} on the way` : ""],
    ["Intents", count(counts.intents), `${count(counts.places)} / ${count(counts.replaces)} / ${count(counts.cancels)}`],
    ["Fills", count(counts.fills), `${money(matched)} matched`],
    ["Rejects", count(counts.rejects), `${count(counts.refused)} not sent`],
  ];
  keyed(at("tiles"), tiles, ([name]) => name, () => make("div", {}, make("dt"), make("dd", {}, make("span"), make("small"))), (tile, [name, value, more]) => {
    say(tile.firstChild, name);
    say(tile.lastChild.firstChild, value);
    say(tile.lastChild.lastChild, more);
  });
  spark(net);
};

const spark = (net) => {
  nets.push(net);
  if (nets.length > POINTS_MAX) {
    // Every second one goes: the whole time stays in the picture.
    for (let i = nets.length - 2; i > 0; i -= 2) nets.splice(i, 1);
  }
  const low = Math.min(0, ...nets);
  const high = Math.max(0, ...nets);
  const y = (value) => (high === low ? 28 : 53 - ((value - low) / (high - low)) * 50).toFixed(1);
  const x = (i) => (nets.length === 1 ? 300 : (i / (nets.length - 1)) * 300).toFixed(1);
  mark(at("spark-zero"), "d", `M0 ${y(0)}H300`);
  mark(at("spark-line"), "d", `M${nets.map((value, i) => `${x(i)} ${y(value)}`).join("L")}`);
};

export const forgetMoney = () => nets.splice(0);

// --- seams and links -----------------------------------------------------------------------------

const seams = ({ hotloop, execution, stream, venue, config, metrics, decision }) => [
  {
    name: "Stream",
    level: !stream.up ? "bad" : stream.last_line_age_s === null || stream.last_line_age_s > LINE_LATE_S || stream.stale_markets || stream.delayed ? "warn" : "ok",
    text: [
      stream.up ? "up" : "away: nothing is quoted",
      stream.last_line_age_s === null ? "no line yet" : `last line ${age(stream.last_line_age_s)} ago`,
      several(stream.markets, "market"),
      stream.stale_markets ? `${stream.stale_markets} stale` : "",
      stream.delayed ? "delayed data" : "",
    ],
  },
  {
    name: "Hotloop",
    level: hotloop.lost ? "bad" : hotloop.seam_errors ? "warn" : "ok",
    text: [
      hotloop.lost ? `${hotloop.backend}: LOST` : hotloop.backend,
      `${count(hotloop.lines)} lines`,
      several(hotloop.seam_errors, "error"),
      `a line ${micros(hotloop.apply_delta.p50_us)}, p99 ${micros(hotloop.apply_delta.p99_us)}`,
    ],
  },
  hotloop.shadow === null
    ? { name: "Shadow", level: "off", text: ["none runs beside it"] }
    : {
        name: "Shadow",
        level: hotloop.shadow.differences ? "bad" : "ok",
        text: [hotloop.shadow.backend, `${count(hotloop.shadow.comparisons)} comparisons`, several(hotloop.shadow.differences, "difference")],
      },
  {
    name: "Executor",
    level: execution.killed || !execution.healthy ? "bad" : "ok",
    text: [
      execution.backend,
      execution.killed ? "KILLED" : execution.healthy ? "healthy" : execution.reason,
      execution.heartbeat_age_s === null ? "in this process" : `heard ${age(execution.heartbeat_age_s)} ago`,
      execution.restarts ? several(execution.restarts, "restart") : "",
      execution.switches ? several(execution.switches, "switch") : "",
    ],
  },
  {
    name: "Latency",
    level: decision.count ? "ok" : "off",
    text: [
      decision.count
        ? `line to intents ${micros(decision.p50_us)}, p99 ${micros(decision.p99_us)}`
        : "no line to intents timed yet",
      execution.intent_ack.count ? `to the first report ${micros(execution.intent_ack.p50_us)}` : "",
    ],
  },
  { name: "Journal", level: execution.journal === null ? "off" : "ok", text: [execution.journal ?? "none: orders are not for real"] },
  {
    name: "Venue",
    level: venue.logged_in === null ? "off" : venue.logged_in ? "ok" : "bad",
    text: [venue.name, venue.logged_in === null ? "" : venue.logged_in ? "logged in" : "NOT logged in"],
  },
  {
    name: "Config",
    level: config.last_error ? "warn" : "ok",
    text: [several(config.reloads, "reload"), config.refused ? `${config.refused} refused` : "", config.last_error],
  },
  { name: "Metrics", level: metrics === null ? "off" : "ok", text: [metrics ?? "not served"], address: metrics },
];

const WORDS = { ok: "well", warn: "look at this", bad: "wrong", off: "not there" };
const seamItem = () => make("li", {}, make("span", { class: "mark", "aria-hidden": "true" }), make("span", { class: "name" }), make("span", { class: "text" }));
const fillSeam = (item, seam) => {
  mark(item, "data-level", seam.level);
  mark(item, "title", WORDS[seam.level]);
  const [, name, text] = item.children;
  say(name, seam.name);
  const said = seam.text.filter((one) => one).join(" · ");
  if (!seam.address) say(text, said);
  else if (text.textContent !== said) {
    const link = make("a", { href: seam.address, rel: "noreferrer", target: "_blank" });
    link.textContent = said;
    text.replaceChildren(link);
  }
};

// --- what is not as it should be -----------------------------------------------------------------

/** Told in a polite live region, the text only when it changes. */
export const showAlerts = (state, lost) => {
  const alerts = lost ? [lost] : [];
  if (state !== null && !lost) {
    const { execution, stream, hotloop, config } = state;
    if (execution.killed) alerts.push({ level: "bad", key: "killed", text: `KILLED: ${execution.killed_reason}. Nothing new leaves.` });
    else if (!execution.healthy) alerts.push({ level: "bad", key: "executor", text: `The executor takes no new orders: ${execution.reason}` });
    if (!stream.up) alerts.push({ level: "bad", key: "stream", text: "The market stream is away: nothing is quoted." });
    else if (stream.last_line_age_s > LINE_LATE_S) alerts.push({ level: "warn", key: "late", text: "No line of the market stream for more than 10 s." });
    if (hotloop.lost) alerts.push({ level: "bad", key: "seam", text: "The hotloop has failed." });
    if (hotloop.shadow?.differences) alerts.push({ level: "bad", key: "shadow", text: "The two hotloops differ." });
    if (config.last_error) alerts.push({ level: "warn", key: "config", text: `A changed configuration was refused: ${config.last_error}` });
  }
  keyed(at("alerts"), alerts, (alert) => alert.key, () => make("p"), (item, alert) => {
    if (item.className !== `alert ${alert.level}`) item.className = `alert ${alert.level}`;
    say(item, alert.text);
  });
};
