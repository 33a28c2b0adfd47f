// Text and tables come first; the plotting library is unpacked after the first paint.
evonas.library = async () => {
  const packed = Uint8Array.from(atob(document.getElementById("library").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
};

evonas.pause = () => new Promise((go) => { setTimeout(go, 0); });

evonas.drawAll = async () => {
  await evonas.library();
  for (const element of document.querySelectorAll("[data-plot]")) {
    const run = element.dataset.run === undefined ? undefined : evonas.runs[Number(element.dataset.run)];
    await evonas.pause(); // keeps the page responsive between two plots
    const before = evonas.onPick.length;
    await evonas.plots[element.dataset.plot](element, run);
    element.dataset.drawn = element.classList.contains("js-plotly-plot") ? "yes" : "nothing";
    const { number, key } = evonas.picked || {};
    if (key !== undefined) for (const tell of evonas.onPick.slice(before)) tell(evonas.runs[number], key);
  }
  document.body.dataset.ready = "yes";
};

evonas.restorePlace = () => {
  if (evonas.data.reload === null) return;
  try {
    const kept = JSON.parse(sessionStorage.getItem("evonas-place") || "null");
    if (kept) {
      Object.assign(evonas.list, kept.list);
      addEventListener("load", () => scrollTo({ top: kept.top, behavior: "instant" }));
    }
  } catch { /* without storage, the page starts at the top */ }
};

// Start the timer once everything is drawn, however long that takes.
evonas.scheduleReload = () => {
  if (evonas.data.reload === null) return;
  setInterval(() => {
    if (document.getElementById("pause").checked) return;
    try {
      sessionStorage.setItem("evonas-place", JSON.stringify({ top: scrollY, list: evonas.list }));
    } catch { /* see above */ }
    location.reload();
  }, 1000 * evonas.data.reload);
};

evonas.restorePlace();
evonas.onPick.push(evonas.showChosen, evonas.markRows);
evonas.listen();
evonas.pickFirst();
evonas.startTable();
// Paper is narrower than a screen: redraw the plots at its width for printing.
evonas.PAPER = 680;
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  for (const element of document.querySelectorAll("[data-drawn=yes]")) {
    Plotly.relayout(element, { autosize: false, width: evonas.PAPER });
  }
});
addEventListener("afterprint", () => {
  for (const element of document.querySelectorAll("[data-drawn=yes]")) {
    Plotly.relayout(element, { autosize: true, width: null });
  }
});
requestAnimationFrame(() => setTimeout(() => evonas.drawAll().catch((problem) => {
  console.error(problem);
  document.body.dataset.ready = "failed";
}).finally(evonas.scheduleReload), 0));
