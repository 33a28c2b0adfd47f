// Accuracy under attack by radius, and differences between networks and their controls.
evonas.radius = (text) => {
  const [above, below] = text.split("/").map(Number);
  return 255 * (below ? above / below : above);
};

evonas.plots.attacks = async (element, run) => {
  const draw = (picked, key) => {
    const mine = run.attacks.filter((each) => picked === run && each.key === key);
    const shown = mine.length ? mine : run.attacks.slice(0, 1);
    const traces = [];
    for (const each of shown) {
      const outcomes = each.outcomes.filter((o) => o.epsilon);
      const names = [...new Set(outcomes.map((o) => JSON.stringify([o.attack, o.masked])))].map((t) => JSON.parse(t));
      names.forEach(([attack, masked]) => {
        const look = evonas.look([...new Set(names.map((n) => n[0]))].indexOf(attack));
        const some = outcomes.filter((o) => o.attack === attack && o.masked === masked)
          .sort((a, b) => evonas.radius(a.epsilon) - evonas.radius(b.epsilon));
        traces.push({ x: some.map((o) => evonas.radius(o.epsilon)), y: some.map((o) => o.accuracy), mode: "lines+markers",
          name: evonas.plain(attack) + (masked ? ", masked" : "") + (shown.length > 1 ? `, ${each.part}` : ""),
          opacity: masked ? 0.6 : 1, line: { color: look.colour, dash: masked ? "dot" : "solid", width: 2 },
          marker: { symbol: look.symbol + (masked ? "-open" : ""), size: 8 },
          error_y: { type: "data", array: some.map((o) => o.error), thickness: 1, width: 3, visible: !masked },
          hovertemplate: `${evonas.plain(attack)} at %{x:.3g}/255: %{y:.3f}<extra></extra>` });
      });
    }
    const clean = shown[0].outcomes[0].clean;
    return Plotly.react(element, traces, evonas.layout({ height: 420,
      title: { text: evonas.plain(`${evonas.label(run, shown[0].key)}, ${shown[0].images} ${shown[0].part} images`),
        font: { size: 13 }, x: 0, xanchor: "left", xref: "paper", y: 0.98 },
      legend: { orientation: "v", x: 1.02, y: 1 }, margin: { l: 64, r: 46, t: 44, b: 56 },
      shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: clean, y1: clean, line: { dash: "dash", color: "#1b2430", width: 1 } }],
      annotations: [{ xref: "paper", x: 1, xanchor: "right", y: clean, yshift: 9, text: "no attack", showarrow: false, font: { size: 12 } }],
      xaxis: evonas.axis("radius, 1/255 of the pixel range", { rangemode: "tozero" }),
      yaxis: evonas.axis("accuracy under attack", { range: [-0.02, 1.04] }) }), evonas.config);
  };
  const { number, key } = evonas.picked || { number: -1, key: "" };
  await draw(evonas.runs[number], key);
  evonas.onPick.push(draw);
};

evonas.plots.controls = async (element, run) => {
  const keys = Object.keys(run.controls);
  const draw = (picked, key) => {
    const shown = picked === run && keys.includes(key) ? key : keys[0];
    const rows = run.controls[shown];
    const measures = [...new Set(rows.map((row) => row.measure))];
    const panels = evonas.panels(Math.min(measures.length, 3));
    const traces = [];
    const names = [...new Set(rows.map((row) => row.control))];
    const layout = evonas.layout({ height: 110 + 30 * names.length, showlegend: false, shapes: [],
      margin: { l: 20, r: 46, t: 44, b: 56 },
      title: { text: evonas.plain(`${evonas.label(run, shown)} minus its controls`), font: { size: 13 }, x: 0,
        xanchor: "left", xref: "paper", y: 0.98 } });
    measures.slice(0, 3).forEach((measure, index) => {
      const mine = rows.filter((row) => row.measure === measure);
      const isFound = mine.map((row) => ["better", "worse"].includes(row.verdict));
      traces.push({ x: mine.map((row) => row.mean), y: mine.map((row) => row.control), mode: "markers",
        xaxis: panels[index].x, yaxis: panels[index].y, customdata: mine.map(() => [run.number, shown]),
        error_x: { type: "data", symmetric: false, thickness: 1.4, width: 4, color: "#1b2430",
          array: mine.map((row) => (row.high === null ? 0 : row.high - row.mean)),
          arrayminus: mine.map((row) => (row.low === null ? 0 : row.mean - row.low)) },
        marker: { size: 10, color: "#0072B2", symbol: isFound.map((is) => (is ? "circle" : "circle-open")), line: { width: 2 } },
        hovertemplate: mine.map((row) => `${evonas.plain(row.control)}: ${row.mean.toFixed(3)}`
          + (row.low === null ? "" : ` (${row.low.toFixed(3)} to ${row.high.toFixed(3)})`)
          + `<br>${evonas.plain(row.verdict)}<extra></extra>`) });
      layout.shapes.push({ type: "line", xref: panels[index].x, yref: `${panels[index].y} domain`, x0: 0, x1: 0, y0: 0, y1: 1,
        line: { color: "#566172", width: 1, dash: "dash" }, layer: "below" });
      layout[panels[index].xaxis] = evonas.axis(`difference in ${evonas.plain(measure)}`, { domain: panels[index].xDomain, anchor: panels[index].y });
      layout[panels[index].yaxis] = { domain: [0, 1], anchor: panels[index].x, automargin: true, type: "category",
        categoryorder: "array", categoryarray: [...names].reverse(), gridcolor: "#e3e8ee", showticklabels: index === 0 };
    });
    return Plotly.react(element, traces, layout, evonas.config);
  };
  const { number, key } = evonas.picked || { number: -1, key: "" };
  await draw(evonas.runs[number], key);
  evonas.onPick.push(draw);
};
