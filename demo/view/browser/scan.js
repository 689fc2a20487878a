// What surrounds a slice: place, scores along the axis, window, letters of the edges. Runs behind viewer.js, in its scope.
let leafed = 0; // slice that was asked for, which may not be seen yet
let turn = next_turn(); // number of that question: an answer to an older one moves nothing
let pressedAt = null; // window as it was when dragging began
const along = viewer.querySelector(".along");
const plot = viewer.querySelector(".plot");
const set = (name) => along.querySelector(`[data-set=${name}]`);

function scan() {
  const now = value();
  return now ? now.scan : null;
}

function go(index, axis) {
  const now = scan();
  if (!now || !Number.isFinite(index)) return;
  const other = axis !== undefined && axis !== now.axis;
  const to = other ? index : Math.min(now.count - 1, Math.max(0, index));
  if (!other && to === leafed) return;
  leafed = to;
  place_of(now);
  turn = next_turn();
  trigger("slice", other ? { index: to, axis, turn } : { index: to, turn });
}

function place_of(now) {
  const score = now.scores[leafed];
  const words = `Slice ${leafed + 1} of ${now.count}` + (score === null || score === undefined ? "" : `, score ${score.toFixed(2)}`);
  along.querySelector(".at").textContent = words;
  plot.setAttribute("aria-valuenow", leafed + 1);
  plot.setAttribute("aria-valuetext", words);
  const cursor = plot.querySelector(".cursor");
  if (cursor) for (const end of ["x1", "x2"]) cursor.setAttribute(end, leafed + 0.5);
}

function bars(now) {
  plot.setAttribute("viewBox", `0 0 ${now.count} 1`);
  plot.setAttribute("aria-valuemax", now.count);
  plot.replaceChildren();
  now.scores.forEach((score, index) => {
    if (score === null) return;
    const high = Math.max(0.01, score);
    plot.append(made("rect", { x: index, y: 1 - high, width: 1, height: high, class: score >= now.threshold ? "over" : "under" }));
  });
  const flat = { x1: 0, x2: now.count, "vector-effect": "non-scaling-stroke" };
  plot.append(made("line", { ...flat, y1: 1 - now.threshold, y2: 1 - now.threshold, class: "limit" }));
  plot.append(made("line", { x1: 0, x2: 0, y1: 0, y2: 1, class: "cursor", "vector-effect": "non-scaling-stroke" }));
}

function filled(select, options, chosen) {
  const kept = options.map((one) => one.join("|")).join();
  if (select.dataset.kept !== kept) {
    select.dataset.kept = kept;
    select.replaceChildren(...options.map(([words, told]) => new Option(words, told)));
  }
  select.value = chosen;
}

function around() {
  const now = scan();
  along.hidden = !now;
  for (const edge of viewer.querySelectorAll("[data-edge]")) edge.textContent = now ? now.letters[edge.dataset.edge] || "" : "";
  if (!now) return;
  if (!now.turn || now.turn >= turn) leafed = now.index;
  bars(now);
  place_of(now);
  along.querySelector("[data-go=worst]").disabled = now.worst === null;
  filled(set("axis"), now.axes.map((words, axis) => [words, String(axis)]), String(now.axis));
  const own = now.window === "" && now.dragged ? [["as dragged", "dragged"]] : [];
  filled(set("window"), [...now.windows, ...own], own.length ? "dragged" : now.window);
  const range = now.high - now.low;
  set("middle").value = (1000 * ((now.black + now.white) / 2 - now.low)) / range;
  set("span").value = (1000 * (now.white - now.black)) / range;
  along.querySelector(".told").textContent = !now.scores.length ? "Not looked at yet."
    : (now.own ? "Score of each slice" : "Highest score of each plane") + `, line: threshold ${now.threshold.toFixed(2)}. `
      + (now.letters.left ? "" : "The file does not say how it lies in the patient: no letters. ")
      + `Slices every ${Number(now.step.toPrecision(3))} mm.`;
}

const REST = 60; // milliseconds between two windows that are asked for while one is dragged
let window_of = "", window_told = null, rests = 0;
function windowed(told) {
  window_of = value().picture;
  window_told = { ...told, turn: next_turn() };
  rests = rests || setTimeout(() => { rests = 0; if (value()?.picture === window_of) trigger("grey", window_told); }, REST);
}

function grey(middle, span) {
  windowed({ black: middle - span / 2, white: middle + span / 2 });
}

function greyed(x, y) { // dragged by so many pixels of the screen
  const now = scan();
  if (!now) return;
  pressedAt = pressedAt || { middle: (now.black + now.white) / 2, span: now.white - now.black };
  const range = now.high - now.low;
  grey(pressedAt.middle + (y / 300) * range, Math.max(range / 1000, pressedAt.span + (x / 300) * range));
}
frame.addEventListener("pointerup", () => { pressedAt = null; });
along.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-go]"), now = scan();
  if (!button || !now) return;
  go(button.dataset.go === "worst" ? now.worst : leafed + Number(button.dataset.go));
});
along.addEventListener("input", (event) => {
  const now = scan(), name = event.target.dataset.set;
  if (!now || !name) return;
  if (name === "axis") trigger("slice", { axis: Number(event.target.value), turn: (turn = next_turn()) });
  else if (name === "window") { if (event.target.value !== "dragged") windowed({ name: event.target.value }); }
  else {
    const range = now.high - now.low;
    grey(now.low + (set("middle").value / 1000) * range, Math.max(range / 1000, (set("span").value / 1000) * range));
  }
});
let pulled = false;
function pointed_at(event) {
  const now = scan(), rect = plot.getBoundingClientRect();
  if (now) go(Math.floor(((event.clientX - rect.left) / rect.width) * now.count));
}
plot.addEventListener("pointerdown", (event) => { pulled = true; plot.setPointerCapture(event.pointerId); pointed_at(event); });
plot.addEventListener("pointermove", (event) => { if (pulled) pointed_at(event); });
plot.addEventListener("pointerup", () => { pulled = false; });
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
viewer.addEventListener("keydown", (event) => {
  const now = scan();
  if (!now || event.target.closest("input, select, textarea") || event.ctrlKey || event.altKey || event.metaKey) return;
  const to = event.key in STEPS ? leafed + STEPS[event.key] : { Home: 0, End: now.count - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  go(to);
});
