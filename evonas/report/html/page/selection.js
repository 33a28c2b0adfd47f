// The selected network is the same in all views, and is stored in the address of the page.
evonas.picked = null;
evonas.onPick = [];

evonas.pick = (number, key) => {
  const run = evonas.runs[number];
  if (!run || !run.rowOf.has(key)) return;
  evonas.picked = { number, key };
  try {
    history.replaceState(null, "", `#${number}:${encodeURIComponent(key)}`);
  } catch { /* a page in a frame may not be allowed to change its address */ }
  for (const tell of evonas.onPick) tell(run, key);
};

evonas.pickFirst = () => {
  const found = /^#(\d+):(.+)$/.exec(location.hash);
  if (found) {
    let key = "";
    try { key = decodeURIComponent(found[2]); } catch { /* the fragment does not name a network */ }
    evonas.pick(Number(found[1]), key);
  }
  if (evonas.picked) return;
  const run = evonas.runs.find((each) => each.front.length) || evonas.runs.find((each) => each.rows.length);
  if (run) evonas.pick(run.number, run.front[0] || run.rows[0][0]);
};

// Select the next network on the fronts, run after run.
evonas.step = (by) => {
  const all = evonas.runs.flatMap((run) => run.front.map((key) => ({ number: run.number, key })));
  if (!all.length) return;
  const now = evonas.picked
    ? all.findIndex((each) => each.number === evonas.picked.number && each.key === evonas.picked.key)
    : -1;
  const next = now < 0 ? 0 : (now + by + all.length) % all.length;
  evonas.pick(all[next].number, all[next].key);
};

evonas.isPicked = (element) => evonas.picked !== null
  && Number(element.dataset.run) === evonas.picked.number && element.dataset.key === evonas.picked.key;

evonas.markRows = () => {
  for (const table of document.querySelectorAll("tbody")) {
    const rows = [...table.querySelectorAll("tr[data-key]")];
    const mine = rows.filter((row) => evonas.isPicked(row));
    for (const row of rows) {
      const is = mine.includes(row);
      row.classList.toggle("picked", is);
      row.setAttribute("aria-selected", String(is));
      row.tabIndex = is || (!mine.length && row === rows[0]) ? 0 : -1;
    }
  }
};

evonas.listen = () => {
  document.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-key]");
    if (row && !String(getSelection())) evonas.pick(Number(row.dataset.run), row.dataset.key);
  });
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target.closest("input, select, textarea, details summary")) return;
    const row = event.target.closest("tr[data-key]");
    if (row && ["ArrowDown", "ArrowUp", "Home", "End", "Enter", " "].includes(event.key)) {
      event.preventDefault();
      const rows = [...row.parentElement.querySelectorAll("tr[data-key]")];
      const at = rows.indexOf(row);
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key] ?? at;
      const next = rows[Math.max(0, Math.min(rows.length - 1, to))];
      evonas.pick(Number(next.dataset.run), next.dataset.key);
      next.focus();
      return;
    }
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      if (event.target.closest(".wide") && event.target.scrollWidth > event.target.clientWidth
        && !row) return; // there the key scrolls
      event.preventDefault();
      evonas.step(event.key === "ArrowRight" ? 1 : -1);
    }
  });
  document.getElementById("previous").addEventListener("click", () => evonas.step(-1));
  document.getElementById("next").addEventListener("click", () => evonas.step(1));
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () => {
      const from = document.getElementById(button.dataset.copy);
      getSelection().selectAllChildren(from);
      button.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
    });
  }
};

// Clicks on points whose customdata is [run, key].
evonas.picksByClick = (element) => {
  element.on("plotly_click", (event) => {
    const data = event.points[0] && event.points[0].customdata;
    if (Array.isArray(data)) evonas.pick(data[0], data[1]);
  });
};
