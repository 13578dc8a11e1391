// The rows of a section are made when it is opened, from the JSON in the page, a batch at a time.
// Text goes into the page as text only (textContent), never as markup.
"use strict";
(() => {
  const BATCH = 200;
  const WORDS = ["case", "dtype", "left", "right", "quantity", "status", "known", "link", "log", "reproduce", "reason"];
  const BOTH_KINDS = -1;
  let data = null;

  function read() {
    data = data || JSON.parse(document.getElementById("rows").textContent);
    return data;
  }

  function at(column, row) {
    return Array.isArray(column) ? column[row] : column;
  }

  /** One comparison as an object; only made for rows that are looked at. */
  function comparison(section, row) {
    const found = {};
    for (const name of WORDS) found[name] = section.strings[at(section.words[name], row)];
    for (const name in section.values) found[name] = at(section.values[name], row);
    const numbers = found.numbers.split(" ");
    if (found.numbers) found.reason = found.reason.replace(/\0/g, () => numbers.shift());
    found.pair = found.right ? found.left + " + " + found.right : found.left;
    found.id = section.operation + "-" + found.case + "-" + found.dtype + "[" + found.pair.replace(" + ", "+") + "]-" + found.quantity;
    return found;
  }

  /** A number as a person reads it; NaN and infinities are words already, and nothing is a dash. */
  function figure(value, digits) {
    if (typeof value !== "number") return value === null ? "\u2013" : value;
    if (value === 0) return "0";
    const size = Math.abs(value);
    const plain = size >= 1e-3 && size < 1e6;
    return plain ? String(Number(value.toPrecision(digits))) : String(Number(value.toPrecision(digits)).toExponential());
  }

  function element(tag, name, ...children) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    made.append(...children);
    return made;
  }

  function pill(code) {
    const [symbol, label] = read().statuses[code];
    const sign = element("span", "symbol", symbol);
    sign.setAttribute("aria-hidden", "true");
    return element("span", "pill " + code, sign, " " + label);
  }

  function reasonCell(found) {
    const cell = element("td", "reason", found.reason);
    if (found.known) {
      cell.append(" Known difference: ", element("code", "", found.known), " ");
      if (/^https?:\/\//.test(found.link)) {
        const link = element("a", "", "source");
        link.href = found.link;
        link.rel = "noreferrer";
        cell.append(link);
      } else cell.append(found.link);
    }
    if (found.bound !== null && !found.reason.includes("of the rounding bound")) cell.append(" (" + figure(found.bound, 3) + " of the rounding bound)");
    if (found.log) cell.append(element("details", "log", element("summary", "", "Log"), element("pre", "", found.log)));
    return cell;
  }

  function commandCell(found) {
    const button = element("button", "copy", "Copy");
    button.type = "button";
    return element("td", "command", button, " ", element("code", "", found.reproduce));
  }

  function tableRow(found) {
    const first = element("th", "first", found.quantity, element("small", "", found.pair));
    first.scope = "row";
    const digits = found.dtype === "float64" ? 17 : 9;
    const figures = [found.required, found.allowed, found.ratio, found.max_abs, found.max_rel].map((value) => figure(value, 4));
    const index = found.index === null ? "\u2013" : "[" + found.index.join(", ") + "]";
    return element("tr", "", first, element("td", "", pill(found.status)),
      ...figures.map((text) => element("td", "figure", text)), element("td", "", index),
      element("td", "figure", figure(found.left_value, digits)), element("td", "figure", figure(found.right_value, digits)),
      element("td", "figure", found.count.toLocaleString("en")), reasonCell(found), commandCell(found));
  }

  function caseBody(found, columns) {
    const heading = element("th", "", element("span", "", found.case + " \u00b7 " + found.dtype));
    heading.colSpan = columns;
    heading.scope = "rowgroup";
    return element("tbody", "", element("tr", "case", heading));
  }

  /** Whether a row belongs to a pair of frameworks, in whatever variants. */
  function inPair(found, [left, right]) {
    const [one, other] = [found.left, found.right].map((name) => name.split("/")[0]);
    if (!found.right) return one === left || one === right;
    return (one === left && other === right) || (one === right && other === left);
  }

  /** Whether a row is asked for. A participant that gave nothing belongs to all its pairs, forward and gradient. */
  function wanted(found, form, pairs) {
    const { status, pair, kind, words } = form.elements;
    if (status.value && found.status !== status.value) return false;
    if (kind.value && found.kind !== BOTH_KINDS && found.kind !== Number(kind.value)) return false;
    if (pair.value && !inPair(found, pairs[pair.value])) return false;
    const text = (found.id + " " + found.reason + " " + found.known).toLowerCase();
    return words.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
  }

  /** Fill a section's table with the rows its form asks for. */
  function show(details) {
    const section = read().operations[details.id];
    const form = details.querySelector("form");
    const table = details.querySelector("table");
    const more = details.querySelector(".more");
    const columns = table.tHead.rows[0].cells.length;
    const chosen = [];
    for (let row = 0; row < section.size; row += 1) {
      const found = comparison(section, row);
      if (wanted(found, form, data.pairs)) chosen.push(found);
    }
    while (table.tBodies.length) table.tBodies[0].remove();
    let shown = 0;
    let body = null;
    const batch = () => {
      for (const found of chosen.slice(shown, shown + BATCH)) {
        const before = chosen[shown - 1];
        if (!body || found.case !== before.case || found.dtype !== before.dtype) body = table.appendChild(caseBody(found, columns));
        body.append(tableRow(found));
        shown += 1;
      }
      more.hidden = shown >= chosen.length;
      const count = (size) => size.toLocaleString("en");
      form.querySelector("output").textContent = count(chosen.length) + " of " + count(section.size)
        + (more.hidden ? "" : ", the first " + count(shown) + " shown");
    };
    more.querySelector("button").onclick = batch;
    batch();
  }

  function build(details) {
    const section = read().operations[details.id];
    details.append(document.getElementById("section").content.cloneNode(true));
    details.querySelector(".box").setAttribute("aria-label", "comparisons of " + section.operation);
    const form = details.querySelector("form");
    for (const place of section.pairs) form.elements.pair.append(new Option(data.pairs[place][2], place));
    const present = new Set([].concat(section.words.status).map((index) => section.strings[index]));
    for (const option of [...form.elements.status.options]) if (option.value && !present.has(option.value)) option.remove();
    form.elements.words.addEventListener("input", () => show(details));
    for (const select of form.querySelectorAll("select")) select.addEventListener("change", () => show(details));
    form.addEventListener("submit", (event) => event.preventDefault());
    show(details);
  }

  function opened(details) {
    if (details.open && !details.querySelector("form")) build(details);
  }

  /** Open the section an address leads to, with the pair and kind of the mark that was clicked. */
  function open(id, { pair = "", kind = "" } = {}) {
    const details = document.getElementById(id);
    if (!details || !details.matches("details.operation")) return;
    details.open = true;
    opened(details);
    const form = details.querySelector("form");
    form.reset();
    form.elements.pair.value = pair;
    form.elements.kind.value = kind;
    show(details);
    details.scrollIntoView();
  }

  async function copy(button) {
    const text = button.parentElement.querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Pages from http:// have no clipboard but this.
      const area = document.body.appendChild(element("textarea", "unseen", text));
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  document.documentElement.classList.add("scripted");
  // Toggle events do not bubble, but they can be captured.
  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details.operation")) opened(event.target);
  }, true);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.copy");
    if (button) copy(button);
    const link = event.target.closest("a[href^='#operation-']");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      history.replaceState(null, "", link.hash);
      open(link.hash.slice(1), link.dataset);
    }
  });
  const follow = () => open(location.hash.slice(1));
  addEventListener("hashchange", follow);
  follow();
})();
