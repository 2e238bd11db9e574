// The kill switch, cancel-all, the help: dialogs, and the keys that open them.
import { at, keyed, make, say, several } from "./parts.js";
import { Refused, command } from "./link.js";

const HOLD_MS = 1000;
const WORD = "KILL";
let token = () => null;
let latest = null;

/** `tokenNow()` gives the token. */
export const setUpControls = (tokenNow) => {
  token = tokenNow;
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
    // Enter in a field must not close it.
    dialog.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  }
  at("kill-open").addEventListener("click", openKill);
  at("cancel-open").addEventListener("click", openCancel);
  at("help-open").addEventListener("click", () => at("help").showModal());
  at("kill-word").addEventListener("input", arm);
  at("kill").addEventListener("close", letGo);
  at("cancel-do").addEventListener("click", cancelAll);
  setUpHold(at("kill-hold"));
};

export const showControls = (state, isUp) => {
  latest = state;
  for (const id of ["kill-open", "cancel-open"]) at(id).disabled = !isUp || token() === null;
  if (state === null) return;
  say(at("kill-open"), state.execution.killed ? "KILLED" : "Kill…");
  for (const name of ["kill", "cancel"]) if (at(name).open) say(at(`${name}-now`), nowText(state));
};

const nowText = ({ execution, mode }) =>
  `${several(execution.open_orders, "order")} open now${mode === "live" ? ", for real money" : mode === "demo" ? ", paper money" : ", dry run"}.${execution.killed ? ` KILLED: ${execution.killed_reason}.` : ""}`;

const outcome = (id, text, kind) => {
  at(id).className = `outcome ${kind}`;
  say(at(id), text);
};

const ask = async (action, place, busy) => {
  outcome(place, busy, "");
  try {
    const answer = await command(token(), action);
    const done = answer.done === true;
    const state = action === "kill" && (answer.killed || done) ? "KILLED. " : "";
    outcome(place, `${state}${answer.message[0].toUpperCase()}${answer.message.slice(1)}.`, done ? "done" : "bad");
  } catch (error) {
    const what = error instanceof Refused ? `Not done: ${error.message}` : "No answer: whether the trader has heard of it is not known";
    outcome(place, `${what}. Try again, use \u201ctrader ${action}\u201d in a terminal, or end the trader with Ctrl-C: it cancels what rests.`, "bad");
  }
};

// --- kill ----------------------------------------------------------------------------------------

export const openKill = () => {
  if (at("kill-open").disabled || at("kill").open) return;
  at("kill-word").value = "";
  outcome("kill-outcome", "", "");
  arm();
  if (latest !== null) say(at("kill-now"), nowText(latest));
  at("kill").showModal();
  at("kill-word").focus();
};

const arm = () => {
  at("kill-hold").disabled = at("kill-word").value.trim().toUpperCase() !== WORD;
};

let timer = null;

const setUpHold = (button) => {
  const isKey = (event) => event.key === "Enter" || event.key === " ";
  button.addEventListener("pointerdown", (event) => event.button === 0 && hold());
  for (const kind of ["pointerup", "pointerleave", "pointercancel", "blur"]) button.addEventListener(kind, letGo);
  button.addEventListener("keydown", (event) => {
    if (!isKey(event)) return;
    event.preventDefault();
    if (!event.repeat) hold();
  });
  button.addEventListener("keyup", (event) => isKey(event) && letGo());
};

const hold = () => {
  if (at("kill-hold").disabled || timer !== null) return;
  at("kill-hold").classList.add("held");
  say(at("kill-hold-text"), "Keep holding…");
  timer = setTimeout(() => {
    letGo();
    ask("kill", "kill-outcome", "Told to the trader…");
  }, HOLD_MS);
};

const letGo = () => {
  clearTimeout(timer);
  timer = null;
  at("kill-hold").classList.remove("held");
  say(at("kill-hold-text"), "Hold to kill");
};

// --- cancel all ----------------------------------------------------------------------------------

export const openCancel = () => {
  if (at("cancel-open").disabled || at("cancel").open) return;
  outcome("cancel-outcome", "", "");
  if (latest !== null) say(at("cancel-now"), nowText(latest));
  at("cancel").showModal();
  at("cancel-do").focus();
};

const cancelAll = () => ask("cancel-all", "cancel-outcome", "Told to the trader…");

// --- keys ----------------------------------------------------------------------------------------

/** `shortcuts`: [key, shown, what it does, action]. */
export const setUpKeys = (shortcuts) => {
  keyed(at("keys"), shortcuts, ([, shown]) => shown, () => make("div", {}, make("dt", {}, make("kbd")), make("dd")), (item, [, shown, text]) => {
    say(item.firstChild.firstChild, shown);
    say(item.lastChild, text);
  });
  const on = at("keys-on");
  on.checked = localStorage.getItem("hotloop-keys") !== "off";
  on.addEventListener("change", () => localStorage.setItem("hotloop-keys", on.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, select, textarea, dialog") !== null;
    if (isTyping || !on.checked || event.ctrlKey || event.altKey || event.metaKey) return;
    const found = shortcuts.find(([key]) => key === event.key);
    if (found === undefined) return;
    event.preventDefault();
    found[3]();
  });
};
