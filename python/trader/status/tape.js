// Intents, reports and results as they happen, the newest first; what is kept is bounded.
import { at, clock, make, mark, money, odds, row, say, several, stake } from "./parts.js";
import { marketLabel } from "./market.js";

const KEPT_MAX = 500;
const FILLS = new Set(["FILLED", "PARTIALLY_FILLED"]);
const BAD = new Set(["REJECTED", "VOIDED", "LAPSED", "UNKNOWN"]);
const kept = [];
let missed = 0;
let paused = false;
const filter = { edge: "", market: "", kind: "" };

export const setUpTape = () => {
  for (const name of Object.keys(filter)) {
    at(`tape-${name}`).addEventListener("change", (event) => {
      filter[name] = event.target.value;
      draw();
    });
  }
  at("tape-pause").addEventListener("click", pause);
};

export const pause = () => {
  paused = !paused;
  mark(at("tape-pause"), "aria-pressed", String(paused));
  say(at("tape-pause"), paused ? "Go on" : "Pause");
  if (!paused) draw();
};

export const forgetTape = () => {
  kept.splice(0);
  missed = 0;
  draw();
};

export const takeEntries = ({ rows, missed: lost }) => {
  missed += lost;
  const fresh = rows.filter((one) => !kept.length || one.seq > kept.at(-1).seq);
  kept.push(...fresh);
  kept.splice(0, Math.max(0, kept.length - KEPT_MAX));
  offer("tape-edge", kept.map((one) => one.edge), (name) => name);
  offer("tape-market", kept.map((one) => one.market_id), marketLabel);
  if (!paused) draw();
};

/** What may be filtered by grows with what has happened. */
const offer = (id, values, label) => {
  const select = at(id);
  const have = new Set([...select.options].map((option) => option.value));
  for (const value of new Set(values)) {
    if (value && !have.has(value) && have.size < KEPT_MAX) {
      const option = make("option", { value });
      option.textContent = label(value);
      select.append(option);
      have.add(value);
    }
  }
};

const isFill = (one) => one.kind === "report" && one.size !== null;
const isBad = (one) => BAD.has(one.text) || (one.code !== "" && !["KILLED", "CANCEL_ALL"].includes(one.code) && !FILLS.has(one.text));
const passes = (one) =>
  (!filter.edge || one.edge === filter.edge) &&
  (!filter.market || one.market_id === filter.market) &&
  (!filter.kind || { intent: one.kind === "intent", report: one.kind === "report", fill: isFill(one), bad: isBad(one) }[filter.kind]);

const draw = () => {
  const shown = kept.filter(passes).reverse();
  const body = at("tape").tBodies[0];
  const have = new Map([...body.children].map((line) => [line.dataset.seq, line]));
  const lines = shown.map((one) => have.get(String(one.seq)) ?? lineOf(one));
  if (missed) lines.push(missedLine());
  // Rows never change: only new ones are put in, and old ones taken away.
  const wanted = new Set(lines);
  for (const line of [...body.children]) if (!wanted.has(line)) line.remove();
  lines.forEach((line, place) => {
    if (body.children[place] !== line) body.insertBefore(line, body.children[place] ?? null);
  });
  const empty = at("tape-empty");
  empty.hidden = lines.length > 0;
  say(empty, kept.length ? "Nothing that passes the filter." : "Nothing has been sent yet.");
};

const lineOf = (one) => {
  const line = row(9);
  line.dataset.seq = String(one.seq);
  line.className = `${one.kind}${isFill(one) ? " fill" : ""}${isBad(one) ? " bad" : ""}`;
  const runner = one.name || (one.selection_id === null ? "" : String(one.selection_id));
  const texts = [
    clock(one.ts_ms), one.text.replaceAll("_", " "), one.side, one.size === null ? "" : money(one.size), odds(one.price),
    runner, one.edge, one.market_id, one.code,
  ];
  texts.forEach((text, place) => say(line.cells[place], text));
  line.cells[1].className = "what";
  if (one.of !== "" && one.of !== "PLACE") {
    const of = make("small");
    of.textContent = ` of the ${one.of.toLowerCase()}`;
    line.cells[1].append(of);
  }
  line.cells[2].className = one.side ? `side-${one.side.toLowerCase()}` : "";
  line.cells[8].className = "code";
  line.title = one.intent_id;
  return line;
};

const missedLine = () => {
  const cell = make("td", { colspan: "9" });
  cell.textContent = `${several(missed, "event")} came faster than this page could show; all are in the blotter`;
  return make("tr", { class: "missed" }, cell);
};
