"use strict";
// Data of the runs. Texts that come from a run are inserted as text, never as HTML.
const evonas = { data: JSON.parse(document.getElementById("data").textContent) };

evonas.runs = evonas.data.runs.map((run, number) => {
  const place = new Map(run.columns.map((name, column) => [name, column]));
  const rowOf = new Map(run.rows.map((row, index) => [row[0], index]));
  const alive = new Set(run.alive);
  return {
    ...run,
    number,
    place,
    rowOf,
    isFront: new Set(run.front),
    isLikely: new Set(run.likely),
    others: run.rows.map((_, index) => index).filter((index) => alive.has(index)
      && !run.front.includes(run.rows[index][0]) && !run.likely.includes(run.rows[index][0])),
    text: (key, name) => {
      const row = run.rows[rowOf.get(key)];
      return row && place.has(name) ? row[place.get(name)] : "";
    },
  };
});

// A number from the table; NaN for an empty cell.
evonas.at = (run, index, name) => {
  const text = run.place.has(name) ? run.rows[index][run.place.get(name)] : "";
  return text === "" ? NaN : Number(text);
};
evonas.value = (run, key, name) => (run.rowOf.has(key)
  ? evonas.at(run, run.rowOf.get(key), name) : NaN);

evonas.number = (value, name) => {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const known = evonas.data.objectives[name];
  if (known && known.unit === "fraction") return value.toFixed(3);
  return Number.isInteger(value) ? value.toLocaleString("en-US") : String(+value.toPrecision(4));
};
evonas.withError = (run, key, name) => {
  const error = evonas.value(run, key, `${name}_se`);
  const text = evonas.number(evonas.value(run, key, name), name);
  return error > 0 ? `${text} ± ${evonas.number(error, name)}` : text;
};

// Plotly interprets some HTML in labels, so texts that come from a run are escaped.
evonas.plain = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;")
  .replaceAll(">", "&gt;");
evonas.wrapped = (text, width = 56, most = 6) => {
  const lines = [];
  for (let at = 0; at < text.length && lines.length < most; at += width) {
    lines.push(evonas.plain(text.slice(at, at + width)));
  }
  return lines.join("<br>") + (text.length > width * most ? " …" : "");
};
evonas.label = (run, key) => (evonas.runs.length > 1
  ? `${key.slice(0, 8)} of ${run.name}` : key.slice(0, 8));
evonas.hover = (run, key) => [
  `<b>${evonas.plain(evonas.label(run, key))}</b>`,
  ...run.objectives.map((name) => `${evonas.plain(name)}: ${evonas.withError(run, key, name)}`),
  `trainings: ${evonas.plain(run.text(key, "replicates"))}`,
  evonas.wrapped(run.text(key, "genome")),
].join("<br>");
evonas.axisTitle = (name) => {
  const known = evonas.data.objectives[name];
  return known ? `${evonas.plain(name)} (${evonas.plain(known.unit)}, `
    + `${known.maximised ? "higher" : "lower"} is better)` : evonas.plain(name);
};
