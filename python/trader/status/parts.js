// Small things that all of the page uses. Whatever comes from outside is put in as text.
export const at = (id) => document.getElementById(id);

/** Sets what has changed alone: nobody loses a selection, and a live region speaks once. */
export const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};
export const mark = (element, name, value) => {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
};
export const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

/** The children of `parent` become one for each item, kept by key; `update` fills one in. */
export const keyed = (parent, items, keyOf, create, update) => {
  const have = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = have.get(key);
    if (child === undefined) {
      child = create(item);
      child.dataset.key = key;
    }
    have.delete(key);
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
    update(child, item);
  }
  for (const child of have.values()) child.remove();
};

export const row = (cells) => make("tr", {}, ...Array.from({ length: cells }, () => make("td")));

const MINUS = "\u2212";
const plain = new Intl.NumberFormat("en-GB", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const tidy = (text) => text.replace("-", MINUS);

export const money = (value, signed = false) => {
  const text = plain.format(value);
  if (Number(value.toFixed(2)) === 0) return "0.00";
  return tidy(signed && value > 0 ? `+${text}` : text);
};
export const count = (value) => whole.format(value);
/** A stake: small ones to the penny, as ours are; large ones without. */
export const stake = (value) => (value >= 100 ? whole.format(value) : String(Math.round(value * 100) / 100));
export const odds = (value) => (value === null || value === undefined ? "" : value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0));
export const fixed = (value, digits, signed = false) => {
  const text = value.toFixed(digits);
  return tidy(signed && Number(text) > 0 ? `+${text}` : text);
};
export const micros = (value) => (value >= 1000 ? `${fixed(value / 1000, 1)} ms` : `${fixed(value, 1)} µs`);
export const span = (seconds) => {
  const all = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const days = Math.floor(all / 86400);
  const clock = `${Math.floor((all % 86400) / 3600)}:${two(Math.floor((all % 3600) / 60))}:${two(all % 60)}`;
  return days ? `${days} d ${clock}` : clock;
};
export const age = (seconds) => (seconds < 10 ? `${fixed(seconds, 1)} s` : seconds < 120 ? `${Math.floor(seconds)} s` : span(seconds));
export const clock = (ms) => new Date(ms).toISOString().slice(11, 19);
export const several = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;
