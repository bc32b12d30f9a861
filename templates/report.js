// Sorts, filters and folds; the page tells everything without it.
(() => {
  "use strict";
  const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  // A number where the cell has one to sort by, else its words.
  const key = (row, column) => {
    const cell = row.cells[column];
    if (!cell) return "";
    const sort = cell.dataset.sort;
    return sort === undefined ? cell.textContent.trim() : Number(sort);
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : words.compare(String(a), String(b));

  const sort = (table, header) => {
    // What stands below a row of the register goes with it: they are a body of their own.
    const [parent, units] = table.classList.contains("register") ? [table, table.tBodies] : [table.tBodies[0], table.tBodies[0].rows];
    const column = header.cellIndex;
    // Worse is more: where a column has a worst, that comes first.
    const now = header.getAttribute("aria-sort") ?? (header.dataset.first === "descending" ? "ascending" : "descending");
    const descending = now === "ascending";
    const keyed = Array.from(units, (unit) => [key(unit.rows?.[0] ?? unit, column), unit]);
    keyed.sort(([a], [b]) => (descending ? compare(b, a) : compare(a, b)));
    for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const sorted = document.createDocumentFragment();
    for (const [, unit] of keyed) sorted.append(unit);
    parent.append(sorted);
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    if (table.tBodies.length < 2 && !(table.tBodies[0]?.rows.length > 1)) continue;
    for (const header of table.tHead.rows[0].cells) {
      if (header.classList.contains("nosort")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sort(table, header));
    }
  }

  const tools = document.getElementById("tools");
  const sections = Array.from(document.querySelectorAll("details.section"));
  if (!tools || sections.length === 0) return;
  const text = document.getElementById("f-text");
  const verdict = document.getElementById("f-verdict");
  const section = document.getElementById("f-section");
  const count = document.getElementById("f-count");

  for (const name of sections.map((each) => each.dataset.section)) {
    const option = document.createElement("option");
    option.value = name;
    option.textContent = name;
    section.append(option);
  }

  // Read once, when somebody first filters.
  let rows = null;
  const all = () => {
    rows ??= sections.flatMap((within) =>
      Array.from(within.querySelectorAll("table.register > tbody"), (row) => ({
        row,
        within,
        verdict: row.dataset.v,
        text: row.textContent.toLowerCase(),
      })),
    );
    return rows;
  };

  const filter = () => {
    const wanted = text.value.trim().toLowerCase();
    const is = verdict.value;
    const filtered = wanted !== "" || is !== "" || section.value !== "";
    const shown = new Map();
    let total = 0;
    for (const each of all()) {
      const fits =
        (wanted === "" || each.text.includes(wanted)) &&
        (is === "" || each.verdict === is || (is === "open" && (each.verdict === "gap" || each.verdict === "unknown"))) &&
        (section.value === "" || each.within.dataset.section === section.value);
      if (each.row.hidden === fits) each.row.hidden = !fits;
      if (fits) {
        total += 1;
        shown.set(each.within, true);
      }
    }
    for (const within of sections) within.hidden = filtered && !shown.has(within);
    // What the page leaves out is not searched, and nobody shall take it for something that was not found.
    const left = sections
      .filter((within) => section.value === "" || within.dataset.section === section.value)
      .reduce((sum, within) => sum + Number(within.dataset.left), 0);
    const beside = left > 0 ? `; ${left} more assets are not on this page, see register.csv` : "";
    count.textContent = filtered ? `${total} of ${all().length} rows shown${beside}` : "";
  };

  let waiting = 0;
  text.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  });
  verdict.addEventListener("change", filter);
  section.addEventListener("change", filter);
  tools.addEventListener("submit", (event) => event.preventDefault());
  const fold = (open) => () => {
    for (const within of sections) within.open = open;
  };
  document.getElementById("fold").addEventListener("click", fold(false));
  document.getElementById("unfold").addEventListener("click", fold(true));
  tools.hidden = false;

  // On paper nothing is folded away or filtered out: nobody sees there that something is missing.
  let folded = [];
  let hidden = [];
  addEventListener("beforeprint", () => {
    folded = Array.from(document.querySelectorAll("main details:not([open])"));
    hidden = Array.from(document.querySelectorAll("details.section[hidden], table.register > tbody[hidden]"));
    for (const each of folded) each.open = true;
    for (const each of hidden) each.hidden = false;
  });
  addEventListener("afterprint", () => {
    for (const each of folded) each.open = false;
    for (const each of hidden) each.hidden = true;
    folded = hidden = [];
  });
})();
