// Files dropped together: stopped, gone on with, answered for. Events: 'halt', 'answered'.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-event]");
  if (!button) return;
  const number = Number(button.dataset.number);
  for (const one of button.parentElement.children) one.disabled = true; // one word is enough
  if (button.dataset.event === "halt") trigger("halt", { number });
  else trigger("answered", { number, choice: button.dataset.choice });
});
