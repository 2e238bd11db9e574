"use strict";
// The search, and the menu of narrow windows. Everything else works without this file.
(() => {
  const root = document.documentElement;
  const input = document.getElementById("search");
  const found = document.getElementById("found");
  const base = root.dataset.base;
  const MOST = 20;
  const AROUND = 90;

  const menu = document.getElementById("menu");
  const navigation = document.getElementById("navigation");
  menu.addEventListener("click", () => {
    menu.setAttribute("aria-expanded", String(navigation.classList.toggle("open")));
  });
  const current = navigation.querySelector("[aria-current]");
  if (current && navigation.scrollHeight > navigation.clientHeight) {
    navigation.scrollTop = current.offsetTop - navigation.clientHeight / 2;
  }

  // A page that was opened from a file may load a script, but may not fetch.
  let loading = null;
  const index = () => {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${base}search.js`;
      script.addEventListener("load", () => {
        resolve(window.searchIndex.map(
          ([at, title, heading, text]) => ({ at, title, heading, text })));
      });
      script.addEventListener("error", () => reject(new Error("search.js cannot be loaded")));
      document.head.append(script);
    });
    return loading;
  };

  // Words are looked for where words begin; where that finds nothing, anywhere.
  const literal = (word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  const pattern = (word, anywhere) =>
    new RegExp((anywhere ? "" : "(?<![\\p{L}\\p{N}])") + literal(word), "giu");
  const weigh = (part, one) =>
    [[part.heading, 40], [part.title, 20], [part.text, 4]].reduce(
      (sum, [text, weight]) => sum + (text.search(one) < 0 ? 0 : weight), 0);
  const look = (parts, patterns) => {
    const hits = [];
    for (const part of parts) {
      const weights = patterns.map((one) => weigh(part, one));
      if (weights.every((one) => one > 0)) hits.push([weights.reduce((a, b) => a + b), part]);
    }
    return hits.sort((a, b) => b[0] - a[0]).map(([, part]) => part);
  };

  const marked = (text, patterns) => {
    const box = document.createElement("span");
    const places = patterns.flatMap((one) => [...text.matchAll(one)])
      .map((match) => [match.index, match.index + match[0].length])
      .sort((a, b) => a[0] - b[0]);
    const start = Math.max(0, (places[0]?.[0] ?? 0) - AROUND);
    const end = Math.min(text.length, start + 3 * AROUND);
    let at = start;
    if (start > 0) box.append("… ");
    for (const [from, to] of places) {
      if (from < at || to > end) continue;
      const mark = document.createElement("mark");
      mark.textContent = text.slice(from, to);
      box.append(text.slice(at, from), mark);
      at = to;
    }
    box.append(text.slice(at, end));
    if (end < text.length) box.append(" …");
    return box;
  };

  const show = (hits, patterns) => {
    const count = document.createElement("p");
    count.textContent = hits.length === 0 ? "Nothing found"
      : hits.length === 1 ? "1 place"
        : `${hits.length} places${hits.length > MOST ? `, the first ${MOST}` : ""}`;
    found.replaceChildren(count, ...hits.slice(0, MOST).map((hit) => {
      const link = document.createElement("a");
      link.href = base + hit.at;
      const name = document.createElement("b");
      name.textContent = hit.heading && hit.heading !== hit.title
        ? `${hit.title} › ${hit.heading}` : hit.title;
      link.append(name, marked(hit.text, patterns));
      return link;
    }));
    found.hidden = false;
  };

  const close = () => { found.hidden = true; };
  const search = async () => {
    const asked = input.value;
    const words = asked.split(/\s+/).filter(Boolean);
    if (words.length === 0) { close(); delete found.dataset.asked; return; }
    const parts = await index();
    if (input.value !== asked) return; // typed on meanwhile
    for (const anywhere of [false, true]) {
      const patterns = words.map((word) => pattern(word, anywhere));
      const hits = look(parts, patterns);
      show(hits, patterns);
      if (hits.length > 0) break;
    }
    found.dataset.asked = asked;
  };
  input.addEventListener("input", search);
  input.addEventListener("focus", () => { index(); if (input.value.trim()) found.hidden = false; });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".search") || event.target.closest("#found a")) close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      input.focus();
      return;
    }
    if (!event.target.closest?.(".search")) return;
    const links = [input, ...found.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "Escape") { close(); input.blur(); }
    else if (event.key === "ArrowDown") { event.preventDefault(); links[Math.min(at + 1, links.length - 1)].focus(); }
    else if (event.key === "ArrowUp") { event.preventDefault(); links[Math.max(at - 1, 0)].focus(); }
    else if (event.key === "Enter" && at === 0 && links.length > 1) links[1].click();
  });
  root.dataset.drawn = "";
})();
