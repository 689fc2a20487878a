// The corrections: a button a line takes one back. Event: 'undo'.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-number]");
  if (button) trigger("undo", { number: Number(button.dataset.number) });
});
