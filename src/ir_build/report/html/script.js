/* The table of every file can be sorted and filtered. It holds as many rows as a screen or two at first. */

const FIRST = 200;
const table = document.querySelector(".files");
if (table) listFiles(table, document.querySelector(".filters"), document.querySelector("button.all"));

function listFiles(table, filters, all) {
  const body = table.tBodies[0];
  const [words, kind, status] = filters.querySelectorAll("input, select");
  const told = filters.querySelector("output");
  const cells = (row, at) => row.cells[at].textContent;
  let rows = [...body.rows];
  let whole = false;
  const found = () => {
    const wanted = words.value.toLowerCase();
    return rows.filter((row) =>
      (!wanted || cells(row, 0).toLowerCase().includes(wanted)) &&
      (!kind.value || cells(row, 1) === kind.value) &&
      (!status.value || cells(row, 7).startsWith(status.value)));
  };
  const draw = () => {
    const matching = found();
    body.replaceChildren(...(whole ? matching : matching.slice(0, FIRST)));
    const hidden = matching.length - body.rows.length;
    told.textContent = matching.length < rows.length ? `${matching.length} of ${rows.length} files` : "";
    all.hidden = !hidden;
    all.textContent = `Show ${hidden} more`;
  };
  for (const [at, head] of [...table.tHead.rows[0].cells].entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => {
      const numbers = at > 1 && at < 7;
      const before = head.getAttribute("aria-sort");
      const down = before ? before === "ascending" : numbers;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows = sorted(rows, (row) => cells(row, at), numbers, down);
      draw();
    });
    head.append(button);
  }
  words.addEventListener("input", draw);
  kind.addEventListener("change", draw);
  status.addEventListener("change", draw);
  all.addEventListener("click", () => {
    whole = true;
    draw();
  });
  filters.hidden = false;
  draw();
}

/* Rows in another order; what is empty comes last. */
function sorted(rows, text, numbers, down) {
  const keyed = rows.map((row) => {
    const value = text(row);
    return [numbers ? (value === "" ? null : Number(value.replaceAll(",", ""))) : value, row];
  });
  const compare = numbers ? (a, b) => a - b : new Intl.Collator("en", { numeric: true }).compare;
  keyed.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return down ? compare(b, a) : compare(a, b);
  });
  return keyed.map(([, row]) => row);
}
