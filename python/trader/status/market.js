// The market that is looked at: its runners, the ladder and the signals of one of them.
import { at, clock, count, fixed, keyed, make, mark, money, odds, row, say, several, stake } from "./parts.js";

let choose = () => {};
let current = null;
let labels = new Map();

/** `chosen(market, selection, handicap)` is called with what a person wants to look at. */
export const setUpMarket = (chosen) => {
  choose = chosen;
  at("market").addEventListener("change", (event) => choose(event.target.value, null, 0));
};

/** The next or former market or runner in its list. */
export const step = (what, by) => {
  const move = (items, place) => items[(place + by + items.length) % items.length];
  if (current === null) return;
  if (what === "market") {
    const ids = [...at("market").options].map((option) => option.value);
    if (ids.length > 1) choose(move(ids, ids.indexOf(current.market_id)), null, 0);
  } else if (current.runners.length) {
    const next = move(current.runners, current.runners.findIndex(isChosen));
    choose(current.market_id, next.selection_id, next.handicap);
  }
};

const isChosen = (runner) => runner.selection_id === current.selection_id && runner.handicap === current.handicap;
const labelOf = (runner) => {
  const name = runner.name || String(runner.selection_id);
  return runner.handicap ? `${name} ${fixed(runner.handicap, 2, true)}` : name;
};
export const marketLabel = (id) => labels.get(id) || id;

export const showMarkets = (state) => {
  labels = new Map(state.markets.map((market) => [market.market_id, market.name ? `${market.name} (${market.market_id})` : market.market_id]));
  const select = at("market");
  keyed(select, state.markets, (market) => market.market_id, (market) => make("option", { value: market.market_id }), (option, market) => {
    const ours = market.orders || market.net !== null ? " ●" : "";
    say(option, `${marketLabel(market.market_id)}${ours}`);
  });
  if (current !== null && select.value !== current.market_id) select.value = current.market_id;
  const market = state.markets.find((one) => one.market_id === current?.market_id);
  if (market === undefined) return;
  const off = market.off_ms === null ? "" : offText((market.off_ms - state.engine_ms) / 1000, market.off_ms);
  const parts = [market.status ?? "no definition", market.in_play ? "in play" : "", market.stale ? "STALE: not quoted" : "", off, several(market.orders, "order"), market.net === null ? "nothing matched" : `net ${money(market.net, true)}`];
  say(at("market-says"), parts.filter((one) => one).join(" · "));
};

const offText = (left, ms) => {
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  if (left < 0) return `off was at ${clock(ms)}`;
  return left > 86400 ? `off on ${new Date(ms).toISOString().slice(0, 10)}` : `off in ${left >= 3600 ? `${Math.floor(left / 3600)}:` : ""}${two((left % 3600) / 60)}:${two(left % 60)}`;
};

export const showView = (view) => {
  current = view;
  const none = view === null || !view.runners.length;
  at("runners").hidden = none;
  at("runners-empty").hidden = !none;
  if (view === null) return;
  keyed(at("runners").tBodies[0], view.runners, (runner) => `${runner.selection_id}/${runner.handicap}`, runnerRow, fillRunner);
  const runner = view.runners.find(isChosen);
  say(at("ladder-title"), runner === undefined ? "Ladder" : labelOf(runner));
  showLadder(view, runner);
  showSignals(view.signals);
};

// --- runners -------------------------------------------------------------------------------------

const runnerRow = (runner) => {
  const line = row(7);
  const button = make("button", { type: "button" });
  button.addEventListener("click", () => choose(current.market_id, runner.selection_id, runner.handicap));
  line.cells[0].append(button);
  line.cells[1].className = "back";
  line.cells[2].className = "lay";
  for (const cell of [line.cells[1], line.cells[2]]) cell.append(make("span"), make("small"));
  return line;
};

const fillRunner = (line, runner) => {
  mark(line, "aria-current", isChosen(runner) ? "true" : "false");
  line.classList.toggle("gone", !["ACTIVE", "WINNER", "PLACED"].includes(runner.status));
  const [name, back, lay, last, ours, wins, loses] = line.cells;
  const end = ["ACTIVE", "UNKNOWN"].includes(runner.status) ? "" : ` (${runner.status.toLowerCase()})`;
  say(name.firstChild, labelOf(runner) + end);
  for (const [cell, price, size] of [[back, runner.back, runner.back_size], [lay, runner.lay, runner.lay_size]]) {
    say(cell.firstChild, odds(price));
    say(cell.lastChild, size ? stake(size) : "");
  }
  say(last, odds(runner.last));
  say(ours, runner.orders ? String(runner.orders) : "");
  for (const [cell, value] of [[wins, runner.if_wins], [loses, runner.if_loses]]) {
    const text = runner.if_wins || runner.if_loses ? money(value, true) : "";
    say(cell, text);
    cell.className = text === "" || text === "0.00" ? "" : value > 0 ? "gain" : "loss";
  }
};

// --- the ladder ----------------------------------------------------------------------------------

const NAMESPACE = "http://www.w3.org/2000/svg";

const ladderRow = () => {
  const line = row(6);
  line.cells[0].className = "ours at-lay";
  line.cells[2].className = "odds";
  line.cells[4].className = "ours at-back";
  line.cells[5].className = "traded";
  const chart = document.createElementNS(NAMESPACE, "svg");
  chart.setAttribute("viewBox", "0 0 100 10");
  chart.setAttribute("preserveAspectRatio", "none");
  chart.setAttribute("aria-hidden", "true");
  const bar = document.createElementNS(NAMESPACE, "rect");
  for (const [key, value] of Object.entries({ x: 0, y: 0, width: 0, height: 10 })) bar.setAttribute(key, value);
  chart.append(bar);
  line.cells[5].append(chart, make("span"));
  return line;
};

const showLadder = (view, runner) => {
  const rows = view.ladder;
  at("ladder").hidden = !rows.length;
  at("ladder-empty").hidden = rows.length > 0;
  const most = Math.max(1, ...rows.map((one) => one.traded));
  keyed(at("ladder").tBodies[0], rows, (one) => one.price, ladderRow, (line, one) => {
    const [ourLays, back, price, lay, ourBacks, traded] = line.cells;
    line.className = [
      one.price === runner?.back ? "best-back" : "", one.price === runner?.lay ? "best-lay" : "",
      one.price === runner?.last ? "last" : "", one.gap ? "gap" : "",
    ].filter((name) => name).join(" ");
    back.className = one.back ? "back" : "";
    lay.className = one.lay ? "lay" : "";
    say(back, one.back ? stake(one.back) : "");
    say(lay, one.lay ? stake(one.lay) : "");
    say(price, odds(one.price));
    mark(price, "title", one.price === runner?.last ? "last traded" : "");
    ours(ourBacks, one.orders.filter((order) => order.side === "BACK"));
    ours(ourLays, one.orders.filter((order) => order.side === "LAY"));
    mark(traded.firstChild.firstChild, "width", String(Math.round((one.traded / most) * 100)));
    say(traded.lastChild, one.traded ? stake(one.traded) : "");
  });
};

const ours = (cell, orders) => {
  keyed(cell, orders, (order) => order.intent_id, () => make("span", {}, make("b"), make("small")), (item, order) => {
    item.className = order.pending ? "coming" : "";
    say(item.firstChild, stake(order.remaining));
    say(item.lastChild, order.pending ? PENDING[order.pending] : order.ahead === null ? "+?" : `+${order.ahead >= 10 ? count(order.ahead) : stake(order.ahead)}`);
    const ahead = order.ahead === null ? "place in the queue not known" : `${stake(order.ahead)} ahead in the queue`;
    mark(item, "title", `${order.edge}: ${order.side} ${stake(order.remaining)} at ${odds(order.price)}, ${stake(order.matched)} matched, ${ahead}`);
  });
};
const PENDING = { PLACE: "coming", REPLACE: "moving", CANCEL: "ending" };

// --- signals -------------------------------------------------------------------------------------

const showSignals = (signals) => {
  if (signals === null) {
    at("signals").replaceChildren();
    at("joining").tBodies[0].replaceChildren();
    return;
  }
  const arrow = (value) => (value > 0 ? "↑ " : value < 0 ? "↓ " : "→ ");
  const facts = [
    ["Spread", signals.spread_ticks === null ? "–" : several(signals.spread_ticks, "tick")],
    ["Trend", `${arrow(Number(signals.trend.toFixed(3)))}${fixed(signals.trend, 3, true)} ticks/s`],
    ["Sweep", signals.sweep ? `yes, of ${signals.sweep_side === "BACK" ? "backs" : "lays"}` : "no"],
    ["Big move", signals.big_move ? (signals.big_move > 0 ? "↑ up" : "↓ down") : "no"],
    ["Removal of late", signals.removal ? "yes" : "no"],
  ];
  keyed(at("signals"), facts, ([name]) => name, () => make("div", {}, make("dt"), make("dd")), (fact, [name, value]) => {
    say(fact.firstChild, name);
    say(fact.lastChild, value);
  });
  const { back, lay } = signals;
  const known = (value, show) => (value === null ? "–" : show(value));
  const rows = [
    ["Odds", odds],
    ["Stake ahead", stake, "size_ahead"],
    ["Fill probability", (value) => `${fixed(value * 100, 1)} %`, "p_fill"],
    ["Time to fill", (value) => (value < 1e7 ? `${fixed(value / 1000, 1)} s` : "long"), "ttf_ms"],
    ["Matched a second, all prices", (value) => fixed(value, 2), "match_rate"],
    ["… at this price", (value) => fixed(value, 2), "price_rate"],
  ];
  keyed(at("joining").tBodies[0], rows, ([name]) => name, () => row(3), (line, [name, show, key = "price"]) => {
    say(line.cells[0], name);
    say(line.cells[1], known(back[key], show));
    say(line.cells[2], known(lay[key], show));
  });
};
