"use strict";
// Filters the tree of units, and opens what it finds. Everything else works without this script.
(() => {
  const MOST_OPENED = 300;
  const field = document.getElementById("find");
  const answer = document.getElementById("found");
  const tree = document.querySelector(".tree");
  let units = null;
  let before = null;
  let waiting = 0;

  const plain = (text) => text.normalize("NFKC").toLowerCase();

  // Of a row, without who gave the access: that is somebody else's name.
  function words(row) {
    let text = row.textContent;
    for (const given of row.querySelectorAll(".given")) text = text.replace(given.textContent, " ");
    return plain(text);
  }

  // Made at the first search: reading 20,000 rows costs more than showing the page.
  function index() {
    units = [...tree.querySelectorAll(".unit")].map((element) => ({
      element,
      text: plain(element.firstElementChild.textContent),
      parent: element.parentElement.closest(".unit"),
      rows: [...element.children]
        .filter((child) => child.classList.contains("people"))
        .map((block) => ({
          block,
          rows: [...block.querySelectorAll("tbody tr")].map((row) => ({
            row,
            text: words(row),
          })),
        })),
    }));
  }

  function search() {
    const wanted = plain(field.value).split(/\s+/).filter(Boolean);
    if (units === null) index();
    if (wanted.length === 0) {
      for (const { element, rows } of units) {
        element.hidden = false;
        for (const { block, rows: lines } of rows) {
          block.hidden = false;
          for (const { row } of lines) row.hidden = false;
        }
      }
      if (before !== null) for (const [element, open] of before) element.open = open;
      before = null;
      answer.textContent = "";
      return;
    }
    if (before === null) before = units.map(({ element }) => [element, element.open]);
    const matches = (text) => wanted.every((word) => text.includes(word));
    const shown = new Set();
    const opened = new Set();
    let people = 0;
    let named = 0;
    for (const { element, text, parent, rows } of units) {
      const isNamed = matches(text);
      let here = 0;
      for (const { block, rows: lines } of rows) {
        let inBlock = 0;
        for (const { row, text: told } of lines) {
          const isFound = matches(told);
          row.hidden = !isFound && !isNamed;
          inBlock += isFound ? 1 : 0;
        }
        block.hidden = inBlock === 0 && !isNamed;
        here += inBlock;
      }
      people += here;
      named += isNamed ? 1 : 0;
      if (here === 0 && !isNamed) continue;
      shown.add(element);
      if (here > 0) opened.add(element);
      for (let above = parent; above !== null; above = above.parentElement.closest(".unit")) {
        shown.add(above);
        opened.add(above);
      }
    }
    const mayOpen = opened.size <= MOST_OPENED;
    for (const { element } of units) {
      element.hidden = !shown.has(element);
      element.open = mayOpen && opened.has(element);
    }
    answer.textContent =
      `${people.toLocaleString("en")} ${people === 1 ? "row" : "rows"} of people and ` +
      `${named.toLocaleString("en")} ${named === 1 ? "unit" : "units"} for ${field.value}`;
  }

  for (const event of ["input", "change"]) {
    field.addEventListener(event, () => {
      clearTimeout(waiting);
      waiting = setTimeout(search, 120);
    });
  }
  document.getElementById("open").addEventListener("click", () => {
    for (const element of tree.querySelectorAll(".unit:not([hidden])")) element.open = true;
  });
  document.getElementById("close").addEventListener("click", () => {
    for (const element of tree.querySelectorAll(".unit")) element.open = false;
  });
  document.querySelector(".find").hidden = false;
})();
