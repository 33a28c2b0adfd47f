// All candidates, a page at a time, and the table as a CSV file.
evonas.PAGE = 25;
evonas.list = { number: 0, find: "", frontOnly: false, sort: null, down: false, page: 0 };

evonas.csv = (run, indices) => {
  const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const rows = [run.columns, ...indices.map((index) => run.rows[index])];
  return `${rows.map((row) => row.map(cell).join(",")).join("\n")}\n`;
};

evonas.save = (text, name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
};

evonas.shownRows = () => {
  const { number, find, frontOnly, sort, down } = evonas.list;
  const run = evonas.runs[number];
  const word = find.trim().toLowerCase();
  const genome = run.place.get("genome");
  let found = run.rows.map((_, index) => index);
  if (frontOnly) found = found.filter((index) => run.isFront.has(run.rows[index][0]));
  if (word) {
    found = found.filter((index) => run.rows[index][0].includes(word)
      || run.rows[index][genome].toLowerCase().includes(word));
  }
  if (sort !== null) {
    const column = run.place.get(sort);
    const value = (index) => run.rows[index][column];
    found.sort((a, b) => {
      const [one, two] = [value(a), value(b)];
      if (one === "" || two === "") return (one === "") - (two === ""); // empty cells last
      const order = Number.isNaN(Number(one) - Number(two)) ? one.localeCompare(two) : Number(one) - Number(two);
      return down ? -order : order;
    });
  }
  return found;
};

evonas.showTable = () => {
  const { number, sort, down } = evonas.list;
  const run = evonas.runs[number];
  const found = evonas.shownRows();
  const pages = Math.max(1, Math.ceil(found.length / evonas.PAGE));
  evonas.list.page = Math.max(0, Math.min(evonas.list.page, pages - 1));
  const first = evonas.list.page * evonas.PAGE;
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const name of run.columns) {
    const cell = document.createElement("th");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name + (sort === name ? (down ? " ▼" : " ▲") : "");
    button.addEventListener("click", () => {
      Object.assign(evonas.list, { sort: name, down: sort === name && !down, page: 0 });
      evonas.showTable();
    });
    cell.scope = "col";
    cell.setAttribute("aria-sort", sort === name ? (down ? "descending" : "ascending") : "none");
    cell.append(button);
    head.append(cell);
  }
  const body = table.createTBody();
  for (const index of found.slice(first, first + evonas.PAGE)) {
    const row = body.insertRow();
    row.dataset.run = number;
    row.dataset.key = run.rows[index][0];
    run.rows[index].forEach((text, column) => {
      const cell = row.insertCell();
      const value = Number(text);
      const isValue = text !== "" && !Number.isNaN(value) && column > 1;
      cell.textContent = isValue && !Number.isInteger(value) ? String(+value.toPrecision(5)) : text;
      if (isValue) cell.className = "n";
      else cell.title = text;
    });
  }
  document.getElementById("table-place").replaceChildren(table);
  document.getElementById("page-text").textContent = found.length
    ? `${first + 1} to ${Math.min(first + evonas.PAGE, found.length)} of ${found.length}` : "none";
  document.getElementById("page-back").disabled = evonas.list.page === 0;
  document.getElementById("page-on").disabled = evonas.list.page >= pages - 1;
  evonas.markRows();
};

evonas.startTable = () => {
  const choose = document.getElementById("table-run");
  for (const run of evonas.runs) choose.add(new Option(run.name, String(run.number)));
  if (evonas.runs.length === 1) choose.closest("label").hidden = true;
  const set = (change) => {
    Object.assign(evonas.list, { page: 0 }, change);
    evonas.showTable();
  };
  choose.addEventListener("change", () => set({ number: Number(choose.value), sort: null }));
  document.getElementById("table-find").addEventListener("input", (event) => set({ find: event.target.value }));
  document.getElementById("table-front").addEventListener("change", (event) => set({ frontOnly: event.target.checked }));
  document.getElementById("page-back").addEventListener("click", () => set({ page: evonas.list.page - 1 }));
  document.getElementById("page-on").addEventListener("click", () => set({ page: evonas.list.page + 1 }));
  const fileName = (kind) => `${evonas.runs[evonas.list.number].name.replaceAll(/[^\w.-]+/g, "-")}-${kind}.csv`;
  document.getElementById("csv-all").addEventListener("click", () => {
    const run = evonas.runs[evonas.list.number];
    evonas.save(evonas.csv(run, run.rows.map((_, index) => index)), fileName("candidates"));
  });
  document.getElementById("csv-shown").addEventListener("click", () => {
    evonas.save(evonas.csv(evonas.runs[evonas.list.number], evonas.shownRows()), fileName("shown"));
  });
  evonas.showTable();
};
