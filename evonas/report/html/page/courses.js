// Claims and confirmations, hypervolume, rules by depth, learning curves.
evonas.plots.confirmed = async (element) => {
  const names = [...new Set(evonas.runs.flatMap((run) => run.objectives))].filter((name) => evonas.runs
    .some((run) => Object.values(run.confirmed).some((found) => name in found.means)));
  const panels = evonas.panels(names.length);
  const traces = [];
  const rings = [];
  const layout = evonas.layout({ height: Math.ceil(names.length / 3) * 380 + 70, shapes: [] });
  names.forEach((name, index) => {
    const panel = panels[index];
    const on = { xaxis: panel.x, yaxis: panel.y };
    const all = [];
    for (const [part, word] of [["", "validation"], ["test_", "test"]]) {
      for (const run of evonas.runs) {
        const keys = Object.keys(run.confirmed).filter((key) => (part + name) in run.confirmed[key].means
          && !Number.isNaN(evonas.value(run, key, name)));
        if (!keys.length) continue;
        const look = evonas.look(run.number);
        const xs = keys.map((key) => evonas.value(run, key, name));
        const ys = keys.map((key) => run.confirmed[key].means[part + name]);
        const ex = keys.map((key) => evonas.value(run, key, `${name}_se`) || 0);
        const ey = keys.map((key) => run.confirmed[key].errors[part + name] || 0);
        all.push(...xs, ...ys, ...ys.map((y, i) => y - ey[i]), ...xs.map((x, i) => x - ex[i]),
          ...ys.map((y, i) => y + ey[i]), ...xs.map((x, i) => x + ex[i]));
        traces.push({ ...on, x: xs, y: ys, mode: "markers", showlegend: index === 0,
          name: (evonas.runs.length > 1 ? `${evonas.plain(run.name)}, ` : "") + `confirmed on ${word} images`,
          error_x: { type: "data", array: ex, thickness: 1, width: 3 },
          error_y: { type: "data", array: ey, thickness: 1, width: 3 },
          marker: { size: 10, symbol: look.symbol + (part ? "-open" : ""), line: { width: part ? 2 : 0 },
            color: evonas.runs.length > 1 ? look.colour : (part ? "#0072B2" : "#D55E00") },
          customdata: keys.map((key) => [run.number, key]),
          hovertemplate: keys.map((key, i) => `<b>${evonas.plain(evonas.label(run, key))}</b><br>`
            + `claimed ${evonas.number(xs[i], name)} ± ${evonas.number(ex[i], name)}<br>`
            + `${word} ${evonas.number(ys[i], name)} ± ${evonas.number(ey[i], name)}<extra></extra>`) });
      }
    }
    const low = Math.min(...all);
    const high = Math.max(...all);
    const margin = (high - low) * 0.06 || 0.01;
    const range = [low - margin, high + margin];
    layout.shapes.push({ type: "line", xref: panel.x, yref: panel.y, x0: range[0], y0: range[0], x1: range[1],
      y1: range[1], line: { color: "#566172", width: 1, dash: "dash" }, layer: "below" });
    rings.push({ number: traces.length, name });
    traces.push(evonas.ring(on));
    layout[panel.xaxis] = evonas.axis(`${evonas.plain(name)}, claimed by the search`, { domain: panel.xDomain, anchor: panel.y, range });
    layout[panel.yaxis] = evonas.axis(`${evonas.plain(name)}, confirmed`, { domain: panel.yDomain, anchor: panel.x, range });
  });
  await Plotly.newPlot(element, traces, layout, evonas.config);
  evonas.picksByClick(element);
  evonas.onPick.push((run, key) => {
    const found = run.confirmed[key];
    const point = (name) => (found && name in found.means
      ? [[evonas.value(run, key, name)], [found.means[name]]] : [[], []]);
    Plotly.restyle(element, { x: rings.map((r) => point(r.name)[0]), y: rings.map((r) => point(r.name)[1]) },
      rings.map((r) => r.number));
  });
};

evonas.plots.course = async (element) => {
  const panels = evonas.panels(2);
  const asked = (run) => run.objectives.join(", ");
  const isAlike = evonas.runs.every((run) => asked(run) === asked(evonas.runs[0]));
  const traces = evonas.runs.filter((run) => run.course).flatMap((run) => {
    const look = evonas.look(run.number);
    const name = evonas.plain(run.name + (isAlike ? "" : ` (${asked(run)})`));
    return [["trainings", 0], ["seconds", 1]].map(([unit, index]) => ({
      x: run.course[unit], y: run.course.hypervolume, mode: "lines+markers", name,
      xaxis: panels[index].x, yaxis: panels[index].y, showlegend: evonas.runs.length > 1 && index === 0,
      line: { shape: "hv", color: look.colour, dash: look.dash, width: 2 },
      marker: { symbol: look.symbol, size: 6 },
      hovertemplate: `%{y:.4f} after %{x:,.0f} ${unit}<extra>${name}</extra>` }));
  });
  const layout = evonas.layout({ height: 380 });
  const titles = ["trainings, failures included", "seconds, summed over workers"];
  titles.forEach((title, index) => {
    layout[panels[index].xaxis] = evonas.axis(title, { domain: panels[index].xDomain, anchor: panels[index].y, rangemode: "tozero" });
    layout[panels[index].yaxis] = evonas.axis(index ? "" : "normalised hypervolume",
      { domain: panels[index].yDomain, anchor: panels[index].x, matches: index ? "y" : undefined });
  });
  await Plotly.newPlot(element, traces, layout, evonas.config);
};

evonas.plots.depths = async (element) => {
  const runs = evonas.runs.filter((run) => run.depths);
  if (!runs.length) {
    evonas.nothing(element, "No network has been trained yet.");
    return;
  }
  const traces = [];
  const layout = evonas.layout({ annotations: [], showlegend: false });
  const rows = runs.length;
  const most = Math.max(...runs.map((run) => run.depths.rules.length), 1);
  layout.height = rows * (most * 34 + 130) + 30;
  layout.margin = { l: 70, r: 46, t: 44, b: 60 };
  runs.forEach((run, r) => {
    const depths = run.depths;
    [["front", depths.front, 0], ["everyone", depths.everyone, 1]].forEach(([name, shares, c]) => {
      const number = r * 2 + c + 1;
      const end = number === 1 ? "" : String(number);
      const height = 1 / rows;
      const top = 1 - r * height;
      const domain = [top - height + (rows > 1 ? 0.45 * height * 0.5 : 0), top];
      layout[`xaxis${end}`] = { domain: c ? [0.54, 1] : [0, 0.46], anchor: `y${end}`, side: "bottom", ticks: "", automargin: true };
      layout[`yaxis${end}`] = { domain, anchor: `x${end}`, autorange: "reversed", ticks: "", automargin: true };
      traces.push({ type: "heatmap", z: shares, x: depths.depths, y: depths.rules, xaxis: `x${end}`, yaxis: `y${end}`,
        zmin: 0, zmax: 1, showscale: false, xgap: 2, ygap: 2,
        colorscale: [[0, "#f7fbff"], [0.5, "#7fb3d5"], [1, "#0b3c5d"]],
        text: shares.map((row) => row.map((v) => (v === null ? "" : v.toFixed(2)))), texttemplate: "%{text}",
        hovertemplate: `%{y} at %{x}: %{z:.2f} of the layers<extra></extra>` });
      layout.annotations.push({ text: `<b>${name === "front" ? "front" : "all trained networks"}</b>`
        + (rows > 1 ? ` of ${evonas.plain(run.name)}` : "") + ` (${depths.networks[c]})`,
      xref: `x${end} domain`, yref: `y${end} domain`, x: 0, y: 1, yshift: 22, xanchor: "left", showarrow: false,
      font: { size: 13 } });
    });
  });
  await Plotly.newPlot(element, traces, layout, evonas.config);
};

evonas.plots.losses = async (element) => {
  const draw = (run, key) => {
    const behind = run.front.filter((each) => each !== key).flatMap((each) => run.losses[each] || []);
    const mine = run.losses[key] || [];
    const epochs = (losses) => losses.map((_, index) => index + 1);
    const traces = [{ x: behind.flatMap((l) => [...epochs(l), null]), y: behind.flatMap((l) => [...l, null]),
      mode: "lines", name: "rest of the front", line: { color: evonas.OTHERS, width: 1 }, hoverinfo: "skip" }];
    mine.forEach((losses, index) => traces.push({ x: epochs(losses), y: losses, mode: "lines+markers",
      name: `${evonas.plain(evonas.label(run, key))}, training ${index}`, line: { color: evonas.look(index).colour,
        dash: evonas.look(index).dash, width: 2.2 }, marker: { symbol: evonas.look(index).symbol, size: 7 },
      hovertemplate: `epoch %{x}: %{y:.4f}<extra></extra>` }));
    const layout = evonas.layout({ height: 380, showlegend: true, xaxis: evonas.axis("epoch", { dtick: 1, tickformat: "d" }),
      yaxis: evonas.axis("training loss, nats", { rangemode: "tozero" }) });
    const longest = Math.max(0, ...traces.map((t) => Math.max(0, ...t.x.filter((x) => x !== null))));
    if (longest > 20) delete layout.xaxis.dtick;
    if (!mine.length) layout.annotations = [{ text: "the report has no learning curve of this network", showarrow: false,
      xref: "paper", yref: "paper", x: 0.5, y: 0.9 }];
    return Plotly.react(element, traces, layout, evonas.config);
  };
  const { number, key } = evonas.picked || { number: 0, key: "" };
  await draw(evonas.runs[number], key);
  evonas.onPick.push(draw);
};

evonas.plots.finals = async (element) => {
  const panels = evonas.panels(2);
  const traces = [];
  let count = 0;
  for (const run of evonas.runs) {
    for (const [key, seeds] of Object.entries(run.finals)) {
      for (const each of seeds) {
        const look = evonas.look(count);
        count += 1;
        [["loss", 0, 1], ["validation", 1, 100]].forEach(([name, index, factor]) => {
          if (each[name].every((v) => v === null)) return;
          traces.push({ x: each[name].map((_, i) => i + 1), y: each[name].map((v) => (v === null ? null : v * factor)),
            mode: "lines", connectgaps: true, name: `${evonas.plain(evonas.label(run, key))}, seed ${each.seed}`,
            legendgroup: String(count), showlegend: index === 0, line: { color: look.colour, dash: look.dash, width: 2 },
            xaxis: panels[index].x, yaxis: panels[index].y, customdata: each[name].map(() => [run.number, key]) });
        });
      }
    }
  }
  const layout = evonas.layout({ height: 380 });
  ["training loss, nats", "validation accuracy, %"].forEach((title, index) => {
    layout[panels[index].xaxis] = evonas.axis("epoch", { domain: panels[index].xDomain, anchor: panels[index].y });
    layout[panels[index].yaxis] = evonas.axis(title, { domain: panels[index].yDomain, anchor: panels[index].x });
  });
  await Plotly.newPlot(element, traces, layout, evonas.config);
  evonas.picksByClick(element);
};
