// Style of the plots: colours of Okabe and Ito (2008); markers and line styles differ as well.
evonas.colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];
evonas.symbols = ["diamond", "square", "triangle-up", "star", "hexagon", "triangle-down", "cross"];
evonas.dashes = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
evonas.FRONT = "#D55E00";
evonas.LIKELY = "#0072B2";
evonas.OTHERS = "#8a97a6";
evonas.PICKED = "#000000";

evonas.look = (number) => ({
  colour: evonas.colours[number % evonas.colours.length],
  symbol: evonas.symbols[number % evonas.symbols.length],
  dash: evonas.dashes[number % evonas.dashes.length],
});

evonas.axis = (title, more = {}) => ({
  title: { text: title, standoff: 8 },
  gridcolor: "#e3e8ee", zeroline: false, showline: true, linecolor: "#1b2430", ticks: "outside",
  automargin: true, ...more,
});

evonas.layout = (more = {}) => ({
  font: { family: '"Helvetica Neue", Arial, sans-serif', size: 13, color: "#1b2430" },
  paper_bgcolor: "#fff", plot_bgcolor: "#fff", hovermode: "closest",
  margin: { l: 64, r: 46, t: 34, b: 56 },
  modebar: { orientation: "v", bgcolor: "rgba(255,255,255,0)" },
  legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { size: 12 } },
  hoverlabel: { bgcolor: "#fff", bordercolor: "#1b2430", font: { size: 12, color: "#1b2430" },
    align: "left" },
  ...more,
});

evonas.config = { responsive: true, displaylogo: false,
  // listed explicitly: the default of plotly includes a button that opens a web site
  modeBarButtons: [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
  toImageButtonOptions: { format: "svg" } };

// A ring around the selected point: black, to be visible on every colour and in print.
evonas.ring = (more = {}) => ({
  x: [], y: [], mode: "markers", name: "selected", hoverinfo: "skip", showlegend: false,
  marker: { symbol: "circle-open", size: 19, color: evonas.PICKED, line: { width: 3 } }, ...more,
});

// Replace a plot that has no data yet by a line of text.
evonas.nothing = (element, text) => {
  const line = document.createElement("p");
  line.className = "missing";
  line.textContent = text;
  element.replaceChildren(line);
};

// Axes of panels in rows of three: their domains, and the names used in layouts and traces.
evonas.panels = (count) => {
  const columns = Math.min(count, 3);
  const rows = Math.ceil(count / columns);
  const gapX = 0.085;
  const gapY = 0.16;
  const width = (1 - gapX * (columns - 1)) / columns;
  const height = (1 - gapY * (rows - 1)) / rows;
  return Array.from({ length: count }, (_, index) => {
    const column = index % columns;
    const row = Math.floor(index / columns);
    const top = 1 - row * (height + gapY);
    const x0 = column * (width + gapX);
    const end = index === 0 ? "" : String(index + 1);
    return { x: `x${end}`, y: `y${end}`, xaxis: `xaxis${end}`, yaxis: `yaxis${end}`,
      xDomain: [x0, x0 + width], yDomain: [Math.max(0, top - height), top] };
  });
};
