// The small pictures: a click chooses one, the buttons below turn the page. Events: 'choose', 'turn'.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.index) trigger("choose", { index: Number(button.dataset.index), name: button.dataset.name, turn: next_turn() });
  if (button.dataset.first) trigger("turn", { first: Number(button.dataset.first), turn: next_turn() });
});
