// Fronts of all pairs of objectives, and all objectives side by side.
evonas.plots = {};

evonas.pairs = () => {
  const found = new Map();
  for (const run of evonas.runs) {
    const names = run.objectives;
    if (names.length === 1) found.set(names[0], [null, names[0]]);
    for (let a = 0; a < names.length; a += 1) {
      for (let b = a + 1; b < names.length; b += 1) {
        found.set(JSON.stringify([names[a], names[b]]), [names[a], names[b]]);
      }
    }
  }
  return [...found.values()];
};

evonas.plots.fronts = async (element) => {
  if (!evonas.runs.some((run) => run.alive.length)) {
    evonas.nothing(element, "No network has been trained and measured yet.");
    return;
  }
  const pairs = evonas.pairs();
  const panels = evonas.panels(pairs.length);
  const several = evonas.runs.length > 1;
  const traces = [];
  const rings = [];
  const named = new Set();
  const layout = evonas.layout({ height: Math.ceil(pairs.length / 3) * 400 + 80 });
  pairs.forEach(([x, y], index) => {
    const panel = panels[index];
    const on = { xaxis: panel.x, yaxis: panel.y };
    const runs = evonas.runs.filter((run) => run.objectives.includes(y)
      && (x === null || run.objectives.includes(x)));
    for (const run of runs) {
      traces.push(...evonas.frontTraces(run, x, y, on, several, !named.has(run.number)));
      named.add(run.number);
    }
    rings.push({ number: traces.length, x, y });
    traces.push(evonas.ring(on));
    const range = (name) => {
      const all = runs.map((run) => run.ranges[name]).filter(Boolean);
      return all.length ? [Math.min(...all.map((r) => r[0])), Math.max(...all.map((r) => r[1]))] : undefined;
    };
    layout[panel.xaxis] = evonas.axis(x === null ? "candidate, in order of proposal" : evonas.axisTitle(x),
      { domain: panel.xDomain, anchor: panel.y, range: x === null ? undefined : range(x) });
    layout[panel.yaxis] = evonas.axis(evonas.axisTitle(y),
      { domain: panel.yDomain, anchor: panel.x, range: range(y) });
  });
  await Plotly.newPlot(element, traces, layout, evonas.config);
  evonas.picksByClick(element);
  evonas.hoversCell(element);
  const mark = (run, key) => {
    const index = run.rowOf.get(key);
    const place = (name) => (name === null ? index + 1 : evonas.at(run, index, name));
    Plotly.restyle(element, { x: rings.map((r) => [place(r.x)]), y: rings.map((r) => [place(r.y)]) },
      rings.map((r) => r.number));
  };
  evonas.onPick.push(mark);
};

evonas.frontTraces = (run, x, y, on, several, inLegend) => {
  const look = evonas.look(run.number);
  const place = (index, name) => (name === null ? index + 1 : evonas.at(run, index, name));
  const points = (indices, errors) => {
    const trace = {
      ...on, type: "scatter", mode: "markers", showlegend: inLegend,
      x: indices.map((i) => place(i, x)), y: indices.map((i) => place(i, y)),
      customdata: indices.map((i) => [run.number, run.rows[i][0]]),
      hovertemplate: indices.map((i) => `${evonas.hover(run, run.rows[i][0])}<extra></extra>`),
    };
    if (errors) {
      for (const [axis, name] of [["x", x], ["y", y]]) {
        if (name === null) continue;
        const values = indices.map((i) => evonas.at(run, i, `${name}_se`) || 0);
        trace[`error_${axis}`] = { type: "data", array: values, visible: values.some((v) => v > 0),
          thickness: 1, width: 3 };
      }
    }
    return trace;
  };
  const of = (keys) => keys.map((key) => run.rowOf.get(key));
  const name = several ? evonas.plain(run.name) : "";
  const front = of(run.front).sort((a, b) => place(a, x) - place(b, x));
  const chosen = several ? look.colour : evonas.FRONT;
  const traces = [
    { ...points(run.others, false), name: several ? `${name}: others` : `others (${run.others.length})`,
      marker: { symbol: "circle", size: 5, color: several ? look.colour : evonas.OTHERS,
        opacity: several ? 0.35 : 0.6 } },
    { ...points(of(run.likely), true), name: several ? `${name}: likely on the front` : `likely on the front (${run.likely.length})`,
      marker: { symbol: "circle-open", size: 9, color: several ? look.colour : evonas.LIKELY, line: { width: 2 } } },
  ];
  if (x !== null && run.objectives.length === 2 && front.length) {
    const up = evonas.data.objectives[x].maximised;
    traces.push({ ...on, x: front.map((i) => place(i, x)), y: front.map((i) => place(i, y)), mode: "lines",
      line: { color: chosen, width: 1.5, shape: up ? "vh" : "hv", dash: look.dash }, hoverinfo: "skip",
      showlegend: false });
  }
  traces.push({ ...points(front, true), name: several ? `${name}: front` : `front (${run.front.length})`,
    marker: { symbol: several ? look.symbol : "diamond", size: 11, color: chosen,
      line: { width: 1, color: "#fff" } } });
  return traces;
};

// While the pointer is over a point, a corner of the page shows the cell of its network.
evonas.hoversCell = (element) => {
  let card = document.getElementById("hover-cell");
  if (!card) {
    card = document.createElement("div");
    card.id = "hover-cell";
    card.hidden = true;
    document.body.append(card);
  }
  element.on("plotly_hover", (event) => {
    const data = event.points[0] && event.points[0].customdata;
    if (!Array.isArray(data)) return;
    const drawing = evonas.runs[data[0]].drawings[data[1]];
    card.hidden = !drawing;
    if (drawing) card.replaceChildren(evonas.drawn(drawing.cells));
  });
  element.on("plotly_unhover", () => { card.hidden = true; });
};

evonas.MOST_LINES = 500;

evonas.plots.parallel = async (element) => {
  const names = [...new Set(evonas.runs.flatMap((run) => run.objectives).concat(["params", "bio"]))];
  const known = names.map((name) => {
    const values = evonas.runs.flatMap((run) => run.alive.map((i) => evonas.at(run, i, name)))
      .filter((v) => !Number.isNaN(v));
    return { name, low: Math.min(...values), high: Math.max(...values), up: evonas.data.objectives[name].maximised };
  }).filter((each) => each.low <= each.high);
  if (!known.length) {
    evonas.nothing(element, "No network has been trained and measured yet.");
    return;
  }
  const share = (axis, value) => {
    if (axis.high === axis.low) return 0.5;
    const part = (value - axis.low) / (axis.high - axis.low);
    return axis.up ? part : 1 - part;
  };
  const line = (run, index) => known.map((axis) => share(axis, evonas.at(run, index, axis.name)));
  const places = known.map((_, number) => number);
  const traces = [];
  const several = evonas.runs.length > 1;
  for (const run of evonas.runs) {
    const look = evonas.look(run.number);
    const all = [...run.others, ...run.likely.map((key) => run.rowOf.get(key))];
    const every = Math.ceil(all.length / evonas.MOST_LINES); // more lines would merge into a grey area
    const others = all.filter((_, number) => number % every === 0);
    const count = every > 1 ? ` (every ${every}${every === 2 ? "nd" : every === 3 ? "rd" : "th"})` : "";
    traces.push({ x: others.flatMap(() => [...places, null]), y: others.flatMap((i) => [...line(run, i), null]),
      mode: "lines", hoverinfo: "skip", name: (several ? `${evonas.plain(run.name)}: others` : "others") + count,
      line: { color: several ? look.colour : evonas.OTHERS, width: 0.7 }, opacity: others.length > 300 ? 0.25 : 0.45 });
    run.front.forEach((key, number) => traces.push({
      x: places, y: line(run, run.rowOf.get(key)), mode: "lines+markers", connectgaps: true,
      name: several ? `${evonas.plain(run.name)}: front` : "front", legendgroup: `front${run.number}`,
      showlegend: number === 0, customdata: places.map(() => [run.number, key]),
      hovertemplate: `${evonas.hover(run, key)}<extra></extra>`,
      line: { color: several ? look.colour : evonas.FRONT, width: 2.2, dash: look.dash },
      marker: { size: 8, symbol: several ? look.symbol : "diamond" } }));
  }
  const ring = traces.length;
  traces.push({ ...evonas.ring(), mode: "lines+markers", line: { color: evonas.PICKED, width: 3.5, dash: "dot" } });
  const ends = known.flatMap((axis, number) => [[1, axis.up ? axis.high : axis.low], [0, axis.up ? axis.low : axis.high]]
    .map(([y, value]) => ({ x: number, y, text: evonas.number(value, axis.name), showarrow: false,
      yshift: y ? 14 : -14, font: { size: 12 } })));
  await Plotly.newPlot(element, traces, evonas.layout({
    height: 430, annotations: ends, margin: { l: 40, r: 40, t: 60, b: 60 },
    legend: { orientation: "h", y: 1.12, yanchor: "bottom", x: 0 },
    shapes: places.map((x) => ({ type: "line", x0: x, x1: x, y0: 0, y1: 1, line: { color: "#1b2430", width: 1 } })),
    xaxis: { tickvals: places, ticktext: known.map((a) => `<b>${evonas.plain(a.name)}</b>`), zeroline: false,
      showgrid: false, range: [-0.3, known.length - 0.7], ticklabelstandoff: 18 },
    yaxis: { visible: false, range: [-0.06, 1.06] },
  }), evonas.config);
  evonas.picksByClick(element);
  evonas.onPick.push((run, key) => Plotly.restyle(element,
    { x: [places], y: [line(run, run.rowOf.get(key))] }, [ring]));
};
