// The status page: takes what the trader tells and shows it; what a person does goes back by
// `control.js`. The token comes in the address's fragment, which is sent to nobody, and stays in
// this tab.
import { Link } from "./link.js";
import { forgetMoney, showAlerts, showOverview } from "./overview.js";
import { openCancel, openKill, setUpControls, setUpKeys, showControls } from "./control.js";
import { forgetTape, pause, setUpTape, takeEntries } from "./tape.js";
import { setUpMarket, showMarkets, showView, step } from "./market.js";
import { age, at, mark, say } from "./parts.js";

const KEY = "hotloop-token";
const SILENT_S = 3;
const CHOOSE_MS = 120;
let link = null;
let state = null;
let lostAt = null;
let silentSince = null;
let blindSince = null;
let why = "";
let choosing = null;

// --- the token -----------------------------------------------------------------------------------

const takeToken = () => {
  const given = location.hash.slice(1);
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname); // not in the history, nor over a shoulder
  }
  return sessionStorage.getItem(KEY);
};

const askForToken = (reason) => {
  at("ask-token").hidden = false;
  at("main").hidden = true;
  if (reason) say(at("ask-why"), `${reason}. Open the link that the trader printed when it started, or paste the token from status.json in its folder.`);
};

const begin = (token) => {
  at("ask-token").hidden = true;
  at("main").hidden = false;
  link?.close();
  link = new Link(token, { event: hear, state: hearLink });
  link.open();
};

// --- what is heard -------------------------------------------------------------------------------

const hear = (name, content) => {
  if (name === "state") {
    if (state !== null && state.started_ms !== content.started_ms) startedAnew();
    state = content;
    silentSince = null;
    blindSince = null;
    showOverview(state);
  } else if (name === "view") {
    showView(content);
    if (state !== null) showMarkets(state);
    document.documentElement.dataset.drawn = "yes";
  } else if (name === "entries") takeEntries(content);
  else if (name === "beat") heardBeat(content);
  showLink();
};

/** The server answers: does the trader's loop, and can it tell how things are? */
const heardBeat = ({ silent_s: silent, blind_s: blind }) => {
  blindSince = blind === null ? null : Date.now() - blind * 1000;
  silentSince = silent !== null && silent > SILENT_S ? Date.now() - silent * 1000 : null;
};

/** Another trader, on the same port: nothing of the former one counts. */
const startedAnew = () => {
  forgetMoney();
  forgetTape();
  link.since = 0;
  link.open();
};

const hearLink = (now, reason) => {
  if (now === "refused") {
    lostAt = lostAt ?? Date.now();
    askForToken("It is not the token of the trader that runs here now");
  } else if (now === "lost") {
    lostAt = lostAt ?? Date.now();
    why = reason;
  } else lostAt = null;
  showLink();
};

const showLink = () => {
  const shown = at("link");
  const isUp = lostAt === null && state !== null;
  let alert = null;
  if (lostAt !== null) {
    mark(shown, "data-state", "lost");
    say(at("link-text"), "Connection lost");
    const since = new Date(lostAt).toLocaleTimeString("en-GB");
    alert = { level: "bad", key: "lost", text: `The connection to the trader is lost since ${since}: ${why || "nothing is heard from it"}. What you see is as it was then; this page goes on trying.` };
  } else if (silentSince !== null) {
    mark(shown, "data-state", "silent");
    say(at("link-text"), "Loop is silent");
    const since = new Date(silentSince).toLocaleTimeString("en-GB");
    alert = { level: "bad", key: "silent", text: `The trader’s loop has not come by since ${since}: its process answers, its trading does not.` };
  } else if (blindSince !== null) {
    mark(shown, "data-state", "silent");
    say(at("link-text"), "Nothing is told");
    const since = new Date(blindSince).toLocaleTimeString("en-GB");
    alert = { level: "bad", key: "blind", text: `The trader goes on, but fails to tell how things are since ${since}: its log says why. What you see is as it was then.` };
  } else if (state !== null) {
    mark(shown, "data-state", "up");
    say(at("link-text"), "Connected");
  }
  document.body.classList.toggle("stale", alert !== null);
  showAlerts(state, alert);
  showControls(state, isUp);
};

setInterval(() => {
  if (lostAt !== null) say(at("link-text"), `Lost for ${age((Date.now() - lostAt) / 1000)}`);
}, 1000);

// --- what a person does --------------------------------------------------------------------------

const choose = (market, selection, handicap) => {
  if (link === null) return;
  link.focus = selection === null ? { market } : { market, selection: String(selection), handicap: String(handicap) };
  clearTimeout(choosing);
  choosing = setTimeout(() => link.open(), CHOOSE_MS);
};

const THEMES = ["", "light", "dark"];
const THEME_WORDS = { "": ["◐", "as the system"], light: ["☀", "light"], dark: ["☾", "dark"] };
const showTheme = (theme) => {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  say(at("theme"), THEME_WORDS[theme][0]);
  mark(at("theme"), "aria-label", `Colours: ${THEME_WORDS[theme][1]}`);
};
const nextTheme = () => {
  const now = document.documentElement.dataset.theme ?? "";
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  localStorage.setItem("hotloop-theme", next);
  showTheme(next);
};

const SHORTCUTS = [
  ["?", "?", "This help", () => at("help").showModal()],
  ["K", "Shift K", "Kill switch (then type KILL, and hold the button)", openKill],
  ["c", "c", "Cancel all orders…", openCancel],
  ["j", "j", "Next runner", () => step("runner", 1)],
  ["k", "k", "Former runner", () => step("runner", -1)],
  ["]", "]", "Next market", () => step("market", 1)],
  ["[", "[", "Former market", () => step("market", -1)],
  ["p", "p", "Pause the list of intents and reports, and go on", pause],
  ["f", "f", "Filter that list by edge", () => at("tape-edge").focus()],
  ["t", "t", "Colours: as the system, light, dark", nextTheme],
];

const saved = localStorage.getItem("hotloop-theme");
showTheme(THEMES.includes(saved) ? saved : "");
at("theme").addEventListener("click", nextTheme);
setUpControls(() => sessionStorage.getItem(KEY));
setUpKeys(SHORTCUTS);
setUpMarket(choose);
setUpTape();
at("ask-token").addEventListener("submit", (event) => {
  event.preventDefault();
  const given = at("token").value.trim();
  if (!given) return;
  at("token").value = "";
  sessionStorage.setItem(KEY, given);
  lostAt = null;
  begin(given);
});
addEventListener("hashchange", () => {
  const token = takeToken();
  if (token) begin(token);
});
const token = takeToken();
if (token) begin(token);
else askForToken("");
