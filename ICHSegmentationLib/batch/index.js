"use strict";
const body = document.querySelector("tbody");
const headings = [...document.querySelectorAll("th")];
const byId = (id) => document.getElementById(id);

function filter() {
  const words = byId("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  const status = byId("status").value;
  const least = byId("least").value === "" ? -Infinity : Number(byId("least").value);
  let shown = 0;
  for (const row of body.rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !(
      words.every((word) => text.includes(word)) &&
      (!status || row.dataset.status === status) &&
      Number(row.dataset.total) >= least &&
      (!byId("look").checked || row.dataset.look === "1")
    );
    shown += row.hidden ? 0 : 1;
  }
  byId("shown").textContent = `${shown} of ${body.rows.length} shown`;
}

function sort(heading) {
  const column = headings.indexOf(heading);
  const descending = heading.getAttribute("aria-sort") === "ascending";
  const key = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
  const compare = (a, b) => key(a).localeCompare(key(b), "en", { numeric: true });
  const numbers = (a, b) => Number(key(a)) - Number(key(b));
  const numeric = [...body.rows].every((row) => row.cells[column].dataset.sort !== undefined);
  const rows = [...body.rows].sort(numeric ? numbers : compare);
  body.append(...(descending ? rows.reverse() : rows));
  for (const other of headings) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
}

document.querySelector(".filters").addEventListener("input", filter);
document.querySelector(".filters").addEventListener("submit", (event) => event.preventDefault());
for (const heading of headings) heading.querySelector("button")?.addEventListener("click", () => sort(heading));
filter();
