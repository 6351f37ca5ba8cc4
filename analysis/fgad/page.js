"use strict";
// Sorting and filtering of the report's tables; plots are drawn where one looks. A cell's data-value, where it has one, is what it
// sorts by.
(function () {
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value !== undefined ? cell.dataset.value : cell.textContent.trim();
  };
  const compare = (a, b, numeric) => numeric ? Number(a) - Number(b) : a.localeCompare(b, "en", {numeric: true});
  // Means stand in a body of their own at the end, which sorting leaves alone.
  const sort = (table, header) => {
    const column = header.cellIndex, numeric = header.classList.contains("number"), body = table.tBodies[0];
    const descending = header.getAttribute("aria-sort") ? header.getAttribute("aria-sort") === "ascending" : numeric;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const rows = Array.from(body.rows).map((row) => [value(row, column), row]);
    rows.sort(([a], [b]) => {
      if (a === "" || b === "") return (a === "") - (b === "");
      return descending ? compare(b, a, numeric) : compare(a, b, numeric);
    });
    body.append(...rows.map(([, row]) => row));
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    for (const header of table.tHead.rows[0].cells) {
      header.querySelector("button").addEventListener("click", () => sort(table, header));
    }
  }
  for (const input of document.querySelectorAll("input[data-filters]")) {
    const table = document.getElementById(input.dataset.filters), count = input.parentElement.querySelector(".count");
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      const rows = Array.from(table.tBodies).flatMap((body) => Array.from(body.rows));
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = shown + " of " + rows.length + " rows";
    });
  }
  const dialog = document.querySelector("dialog");
  for (const button of document.querySelectorAll("button.enlarge")) {
    button.addEventListener("click", () => {
      const small = button.querySelector("img"), large = dialog.querySelector("img");
      large.src = small.src;
      large.alt = small.alt;
      dialog.querySelector("p").textContent = button.parentElement.querySelector("figcaption").innerText;
      dialog.showModal();
    });
  }
  if (dialog) dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  const waiting = () => document.querySelectorAll("img[data-src]");
  const draw = (picture) => {
    picture.src = picture.dataset.src;
    delete picture.dataset.src;
  };
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      if (entry.target.dataset.src) draw(entry.target);
    }
  }, {rootMargin: "1000px"});
  waiting().forEach((picture) => near.observe(picture));
  let closed = [];
  addEventListener("beforeprint", () => {
    waiting().forEach(draw);
    closed = Array.from(document.querySelectorAll("details:not([open])"));
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => closed.forEach((details) => { details.open = false; }));
})();
