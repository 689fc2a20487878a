// The table of regions: a row asks about its region. Event: 'ask'.
function asked(event) {
  const row = event.target.closest("tr[data-number]");
  if (row) trigger("ask", { number: Number(row.dataset.number) });
}
element.addEventListener("click", asked);
element.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  asked(event);
});
