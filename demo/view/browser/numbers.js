// Of a slider's field that is empty or beyond its ends, as half-typed ones are, the server would make an error, and with it
// gradio drops what was typed meanwhile. Such a value stays in the browser, and is set right when the field is left.
() => {
  function slider(event) {
    const field = event.target;
    if (!field.matches || !field.matches("input[type=number]")) return null;
    const range = field.closest(".block") && field.closest(".block").querySelector("input[type=range]");
    return range && { field, range };
  }
  const outside = ({ field, range }) => field.value === "" || Number(field.value) < Number(range.min) || Number(field.value) > Number(range.max);
  document.addEventListener("input", (event) => {
    const found = slider(event);
    if (found && outside(found)) event.stopImmediatePropagation();
  }, true);
  document.addEventListener("change", (event) => {
    const found = slider(event);
    if (!found || !outside(found)) return;
    const { field, range } = found;
    const ends = [Number(range.min), Number(range.max)];
    field.value = field.value === "" ? range.value : Math.min(Math.max(Number(field.value), ends[0]), ends[1]);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }, true);
}
