"use strict";
(() => {
  const main = document.querySelector("main");
  const articles = [...document.querySelectorAll("article")];
  if (articles.length === 0) return;
  const make = (name, words) => {
    const element = document.createElement(name);
    element.textContent = words || "";
    return element;
  };

  const bar = make("div");
  bar.className = "tools";
  const field = make("input");
  field.type = "search";
  field.placeholder = "search this page ( / )";
  field.setAttribute("aria-label", "search this page");
  const said = make("output");
  const up = make("button", "↑"), down = make("button", "↓"), fold = make("button", "unfold all");
  up.title = "the one before (Shift+Enter)";
  down.title = "the next one (Enter)";
  bar.append(field, said, up, down, fold);
  main.prepend(bar);

  // What is said in each message, read once and only when it is needed.
  const texts = new Map();
  const text = (article) => {
    if (!texts.has(article)) texts.set(article, article.textContent.toLowerCase());
    return texts.get(article);
  };
  let found = [], at = -1, words = "";

  const mark = (article) => {
    if (!window.CSS || !CSS.highlights) return;
    const ranges = [];
    const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const small = node.data.toLowerCase();
      if (small.length !== node.data.length) continue;
      for (let i = small.indexOf(words); i >= 0; i = small.indexOf(words, i + words.length)) {
        const range = new Range();
        range.setStart(node, i);
        range.setEnd(node, i + words.length);
        ranges.push(range);
      }
    }
    CSS.highlights.set("found", new Highlight(...ranges));
  };
  const go = (step) => {
    if (found.length === 0) return;
    at = (at + step + found.length) % found.length;
    const article = found[at];
    for (const part of article.querySelectorAll("details")) {
      if (part.textContent.toLowerCase().includes(words)) part.open = true;
    }
    mark(article);
    article.scrollIntoView({block: "start"});
    said.textContent = `${at + 1} of ${found.length}`;
  };
  const search = () => {
    const wanted = field.value.trim().toLowerCase();
    if (wanted === words) return;
    words = wanted;
    found = words ? articles.filter((article) => text(article).includes(words)) : [];
    at = -1;
    said.textContent = words ? `${found.length} messages` : "";
    if (window.CSS && CSS.highlights) CSS.highlights.delete("found");
  };
  let timer = 0;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 200);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    clearTimeout(timer);
    search();
    go(event.shiftKey ? -1 : 1);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    field.focus();
  });
  up.addEventListener("click", () => go(-1));
  down.addEventListener("click", () => go(1));
  fold.addEventListener("click", () => {
    const open = fold.textContent === "unfold all";
    for (const part of document.querySelectorAll("article details")) part.open = open;
    fold.textContent = open ? "fold all" : "unfold all";
  });

  // A link to something that is folded unfolds it.
  const show = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let part = target.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  };
  addEventListener("hashchange", show);
  show();
})();
