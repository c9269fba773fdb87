
"use strict";
(() => {
  const form = document.forms[0];
  const { text, unfold, fold } = form.elements;
  const output = form.querySelector("output");
  const entries = [...document.querySelectorAll(".entry")];
  if (entries.length < 2) return;

  const objects = (entry) => [...entry.querySelectorAll(".object")];
  const keys = new Map(entries.map((entry) => [entry, JSON.parse(entry.dataset.keys)]));
  const values = {
    namespace: (entry) => objects(entry).map((object) => object.dataset.namespace),
    action: (entry) => [entry.dataset.action],
    state: (entry) => [entry.dataset.state],
    risk: (entry) => [entry.dataset.risk],
    key: (entry) => keys.get(entry),
  };

  // A filter among whose values there is no choice stays hidden.
  for (const [name, of] of Object.entries(values)) {
    const choices = [...new Set(entries.flatMap(of))].filter(Boolean);
    if (name === "namespace" || name === "key") choices.sort();
    const select = form.elements[name];
    for (const choice of choices) select.add(new Option(choice, choice));
    select.parentElement.hidden = choices.length < 2;
  }

  const total = entries.flatMap(objects).length;
  const fits = (entry, name) => {
    const wanted = form.elements[name].value;
    return !wanted || values[name](entry).includes(wanted);
  };

  // The names of a group are chosen one by one; the entry stays as long as one of them does.
  const filter = () => {
    const words = text.value.toLowerCase();
    const namespace = form.elements.namespace.value;
    let shown = 0;
    for (const entry of entries) {
      const fitting = ["action", "state", "risk", "key"].every((name) => fits(entry, name));
      const byKey = keys.get(entry).some((key) => key.toLowerCase().includes(words));
      let left = 0;
      for (const object of objects(entry)) {
        const named = byKey || object.textContent.toLowerCase().includes(words);
        const stays = fitting && named && (!namespace || object.dataset.namespace === namespace);
        const item = object.closest(".names li");
        if (item) item.hidden = !stays;
        left += stays;
      }
      entry.hidden = !left;
      shown += left;
    }
    for (const section of document.querySelectorAll("main section")) {
      const inside = [...section.querySelectorAll(".entry")];
      section.hidden = inside.length > 0 && inside.every((entry) => entry.hidden);
    }
    output.textContent = `${shown} of ${total} shown`;
  };

  const foldable = () => entries.filter((entry) => entry.matches("details:not([hidden])"));
  const setOpen = (open) => foldable().forEach((entry) => { entry.open = open; });
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  unfold.addEventListener("click", () => setOpen(true));
  fold.addEventListener("click", () => setOpen(false));

  // As in a tree: up and down walk along the entries, right unfolds, left folds.
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches("summary") || event.ctrlKey || event.altKey || event.metaKey) return;
    const all = foldable();
    const at = all.indexOf(event.target.parentElement);
    const goTo = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (goTo !== undefined) all[goTo]?.firstElementChild.focus();
    else if (event.key === "ArrowRight") all[at].open = true;
    else if (event.key === "ArrowLeft") all[at].open = false;
    else return;
    event.preventDefault();
  });

  form.hidden = false;
  filter();
})();
