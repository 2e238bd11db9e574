// Draws the charts of the page in the reader's colours, sorts its table, shows what is chosen.
// Figures come as JSON; a colour in them is a CSS variable, as `var(--gain)`.
"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const charts = read("charts");
  const details = read("details");
  const dark = matchMedia("screen and (prefers-color-scheme: dark)");
  const colour = () => {
    const style = getComputedStyle(document.documentElement);
    return (name) => style.getPropertyValue(name).trim();
  };
  const painted = (value, of) => {
    if (typeof value === "string") return value.startsWith("var(--") ? of(value.slice(4, -1)) : value;
    if (Array.isArray(value)) return value.map((one) => painted(one, of));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, painted(one, of)]));
  };
  const axis = (given, of) => ({
    gridcolor: of("--grid"), zerolinecolor: of("--muted"), linecolor: of("--rule"), zeroline: false,
    automargin: true, ticks: "", ...given,
    title: { standoff: 12, font: { size: 12.5, color: of("--muted") }, ...given.title },
  });
  const config = {
    responsive: true, displaylogo: false, modeBarButtons: [["zoom2d", "pan2d", "resetScale2d"]],
  };
  const draw = (place, figure) => {
    const of = colour();
    const { data, layout } = painted(figure, of);
    for (const key of Object.keys(layout)) if (/^[xy]axis/.test(key)) layout[key] = axis(layout[key], of);
    const base = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", height: Number(place.dataset.height),
      margin: { l: 56, r: 24, t: 12, b: 44 }, dragmode: "zoom",
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: of("--ink") },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { color: of("--ink") } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: of("--muted"), activecolor: of("--ink") },
      hoverlabel: { bgcolor: of("--surface"), bordercolor: of("--rule"), font: { color: of("--ink") } },
    };
    return Plotly.react(place, data, { ...base, ...layout }, config);
  };
  const chosen = {};
  const current = (key) => (chosen[key] !== undefined ? charts[key].choices[chosen[key]] : charts[key].figure);
  const places = [...document.querySelectorAll(".chart[data-key]")];
  const market = document.getElementById("market-curve");
  let shown = null;

  const drawMarket = () => {
    if (!market || shown === null) return undefined;
    const of = details[shown];
    market.hidden = of.x.length < 2;
    if (market.hidden) return undefined;
    const last = of.y[of.y.length - 1];
    const tone = last >= 0 ? "gain" : "loss";
    return draw(market, {
      data: [{ type: "scatter", mode: "lines", x: of.x, y: of.y, line: { shape: "hv", width: 2, color: `var(--${tone})` },
        fill: "tozeroy", fillcolor: `var(--${tone}-wash)`, hovertemplate: "%{y:+,.2f}<extra></extra>" }],
      layout: { xaxis: { type: "date", title: { text: "time (UTC)" } },
        yaxis: { title: { text: "net (account currency)" }, tickformat: "+,.2~f", zeroline: true }, hovermode: "x" },
    });
  };
  const drawAll = async () => {
    document.documentElement.removeAttribute("data-drawn");
    for (const place of places) await draw(place, current(place.dataset.key));
    await drawMarket();
    document.documentElement.dataset.drawn = `${places.length}`;
  };

  for (const select of document.querySelectorAll("select[data-choice]")) {
    select.addEventListener("change", () => {
      const key = select.dataset.choice;
      chosen[key] = select.value;
      const place = places.find((one) => one.dataset.key === key);
      // A new figure, not the old one moved: the view onto it begins anew.
      Plotly.purge(place);
      draw(place, current(key));
    });
  }

  const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });
  const show = (name) => {
    if (!market || !(name in details)) return;
    shown = name;
    const of = details[name];
    document.getElementById("market-choice").value = name;
    document.getElementById("market-facts").replaceChildren(...of.facts.map(([word, value]) => {
      const pair = document.createElement("div");
      pair.append(element("dt", word), element("dd", value));
      return pair;
    }));
    const body = document.querySelector("#market-runners tbody");
    body.replaceChildren(...of.runners.map((row) => {
      const line = document.createElement("tr");
      line.append(...row.map((cell) => element("td", cell)));
      return line;
    }));
    document.getElementById("market-runners").hidden = of.runners.length === 0;
    for (const line of document.querySelectorAll("#markets tbody tr")) line.classList.toggle("chosen", line.dataset.market === name);
    drawMarket();
  };
  const choice = document.getElementById("market-choice");
  if (choice) {
    choice.addEventListener("change", () => show(choice.value));
    for (const button of document.querySelectorAll("#markets td button")) {
      button.addEventListener("click", () => { show(button.textContent); choice.scrollIntoView({ block: "center" }); });
    }
    show(choice.value);
  }

  const table = document.getElementById("markets");
  if (table) {
    const value = (line, column) => line.children[column].dataset.value ?? line.children[column].textContent;
    table.querySelectorAll("thead th").forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") === "descending";
      table.querySelectorAll("thead th").forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const lines = [...table.tBodies[0].rows].sort((a, b) => {
        const [one, other] = [value(a, column), value(b, column)];
        const order = isNaN(one) || isNaN(other) ? String(one).localeCompare(other) : one - other;
        return up ? order : -order;
      });
      table.tBodies[0].append(...lines);
    }));
  }

  dark.addEventListener("change", drawAll); // also on paper, which is always light
  drawAll();
})();
