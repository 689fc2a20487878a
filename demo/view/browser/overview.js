// All pictures: a table that the server fills, and the histogram with the line that is moved here and told when it rests.
// gradio calls this once with: element, trigger, props, watch. Events: 'chosen', 'marked', 'opened', 'moved'.
const SHAPES = "http://www.w3.org/2000/svg";
const root = element.querySelector(".overview");
const bars = root.querySelector(".bars");
const mark = root.querySelector(".at");
const plot = root.querySelector(".plot");
const slider = root.querySelector("[data-set=line]");
const show = root.querySelector("[data-set=show]");
const find = root.querySelector("[data-set=text]");
const body = root.querySelector("tbody");
let moving = false, waits = 0, told = false;
let turn = next_turn(); // of what was told last: answers to something earlier do not undo it

function value() {
  return props.value && typeof props.value === "object" ? props.value : null;
}

function percent(part, whole) {
  return whole ? ` (${Math.round((100 * part) / whole)} %)` : "";
}

function count() {
  const now = value();
  if (!now) return;
  const at = Number(slider.value), sums = [0, 1, 2].map((which) => [0, 0]);
  now.bins.forEach((bin, number) => bin.forEach((n, which) => { sums[which][number >= at ? 1 : 0] += n; }));
  const all = sums.flat().reduce((a, b) => a + b, 0), called = sums.reduce((a, one) => a + one[1], 0);
  const [, [goodBelow, goodAbove], [badBelow, badAbove]] = sums;
  const good = goodBelow + goodAbove, bad = badBelow + badAbove;
  const lines = [`${called} of ${all} called anomalous${percent(called, all)}`];
  if (good) lines.push(`overkill: ${goodAbove} of ${good} good called anomalous${percent(goodAbove, good)}`);
  if (bad) lines.push(`misses: ${badBelow} of ${bad} bad called normal${percent(badBelow, bad)}`);
  if (!good && !bad) lines.push("Mark pictures good or bad to count overkill and misses.");
  if (now.left) lines.push(`${now.left} marked ones are references themselves and do not count`);
  root.querySelector(".counts").replaceChildren(...lines.map((text) => Object.assign(document.createElement("div"), { textContent: text })));
  root.querySelector("output").textContent = (at / 100).toFixed(2);
  mark.style.left = `${at}%`;
}

function draw() {
  const now = value();
  bars.replaceChildren();
  if (!now) return;
  const wide = [];
  for (let start = 0; start < 100; start += 2) wide.push([0, 1, 2].map((which) => now.bins[start][which] + now.bins[start + 1][which]));
  const most = Math.max(1, ...wide.map((bin) => bin[0] + bin[1] + bin[2]));
  wide.forEach((bin, number) => {
    let top = 60;
    [1, 2, 0].forEach((which) => {
      const height = (58 * bin[which]) / most;
      if (!height) return;
      const one = document.createElementNS(SHAPES, "rect");
      top -= height;
      for (const [key, told] of Object.entries({ x: number * 2 + 0.15, y: top, width: 1.7, height, class: ["none", "good", "bad"][which] }))
        one.setAttribute(key, told);
      bars.append(one);
    });
  });
}

function fill() {
  const now = value();
  if (!now) return;
  const focus = body.contains(document.activeElement) ? document.activeElement : null;
  const kept = focus && [focus.closest("tr").dataset.id, focus.className];
  root.querySelector("thead").innerHTML = now.head;
  body.innerHTML = now.rows;
  root.querySelector(".empty").hidden = Boolean(now.rows);
  root.querySelector(".pages").innerHTML = now.pages;
  root.querySelector(".told").textContent = now.told;
  const mine = now.turn >= turn || !told;
  if (mine && document.activeElement !== show) show.value = now.show;
  if (mine && document.activeElement !== find) find.value = now.text;
  if (mine && !moving) slider.value = now.at;
  if (kept) [...body.querySelectorAll("button")].find((one) => one.closest("tr").dataset.id === kept[0] && one.className === kept[1])?.focus();
  draw();
  count();
}

function tell(what, words) {
  told = true;
  turn = next_turn();
  trigger(what, { ...words, turn });
}

function moved(at) {
  slider.value = Math.min(95, Math.max(5, at));
  count();
}

function rest() {
  moving = false;
  tell("moved", { at: Number(slider.value) / 100 });
}

slider.addEventListener("input", () => { moving = true; moved(Number(slider.value)); });
slider.addEventListener("change", rest);
plot.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  plot.setPointerCapture(event.pointerId);
  moving = true;
  drag(event);
});
function drag(event) {
  const rect = plot.getBoundingClientRect();
  moved(Math.round((100 * (event.clientX - rect.left)) / rect.width));
}
plot.addEventListener("pointermove", (event) => { if (moving && plot.hasPointerCapture(event.pointerId)) drag(event); });
plot.addEventListener("pointerup", (event) => { if (moving) { drag(event); rest(); } });
show.addEventListener("change", () => tell("chosen", { show: show.value }));
find.addEventListener("input", () => {
  clearTimeout(waits);
  waits = setTimeout(() => tell("chosen", { text: find.value }), 250);
});
root.addEventListener("click", (event) => {
  const button = event.target.closest("button"), row = event.target.closest("tbody tr");
  if (button?.dataset.order) tell("chosen", { order: button.dataset.order });
  else if (button?.dataset.first) tell("chosen", { first: Number(button.dataset.first) });
  else if (button?.dataset.mark) trigger("marked", { id: row.dataset.id, good: JSON.parse(button.dataset.mark), turn: next_turn() });
  else if (row) trigger("opened", { id: row.dataset.id, turn: next_turn() });
});
watch("value", fill);
fill();
