// The table of regions: a row asks about its region, or shows its worst slice. Events: 'ask', 'slice'.
function asked(event) {
  const row = event.target.closest("tr[data-number]");
  const slice = event.target.closest("tr[data-slice]");
  if (slice) trigger("slice", { index: Number(slice.dataset.slice), axis: Number(slice.dataset.axis), turn: next_turn() });
  if (row) trigger("ask", { number: Number(row.dataset.number) });
}
element.addEventListener("click", asked);
element.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  asked(event);
});
