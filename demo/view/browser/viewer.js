// The picture in view: heat and regions over it, zoom, and what a person points at or draws, in pixels of the source.
// gradio calls this once with: element, trigger, props, watch. Events: 'point', 'ask', 'closer', 'beside' (beside.js); of scans (scan.js) 'slice', 'grey'. What is drawn is in props.value.shapes.
const SVG = "http://www.w3.org/2000/svg";
const HIGH = 460; // of the picture, pixels of the screen
const COLOURS = { minor: "#56B4E9", major: "#E69F00", critical: "#D55E00" };
const viewer = element.querySelector(".viewer");
const frame = viewer.querySelector(".window");
const stage = viewer.querySelector(".stage");
const picture = viewer.querySelector(".picture");
const heat = viewer.querySelector(".heat");
const drawn = viewer.querySelector(".drawn");
const labels = viewer.querySelector(".labels");
const empty = viewer.querySelector(".empty");
let tool = "look";
let zoom = 1, left = 0, top_ = 0;
let shapes = [];
let open = null; // the shape under the pointer
let shown = "";
let asked = ""; // full picture asked for

function value() {
  return props.value && typeof props.value === "object" ? props.value : null;
}

function tell() {
  const now = value();
  if (now) props.value = { ...now, shapes: shapes.map((one) => ({ ...one })) };
}

function shape() { // of the picture as it is to be seen: pixels of a slice need not be square
  const now = value(), mm = now.scan && now.spacing ? now.spacing : [1, 1];
  return [now.width * mm[1], now.height * mm[0]];
}

function place() {
  const now = value();
  if (!now) return;
  const [across, down] = shape();
  const fit = Math.min(frame.clientWidth / across, HIGH / down);
  const width = Math.max(1, across * fit), height = Math.max(1, down * fit);
  frame.style.height = `${Math.round(height)}px`;
  if (zoom <= 1) { zoom = 1; left = (frame.clientWidth - width) / 2; top_ = 0; }
  else {
    left = Math.min(frame.clientWidth / 2, Math.max(frame.clientWidth / 2 - width * zoom, left));
    top_ = Math.min(height / 2, Math.max(height / 2 - height * zoom, top_));
  }
  stage.style.width = `${width * zoom}px`;
  stage.style.height = `${height * zoom}px`;
  stage.style.transform = `translate(${left}px, ${top_}px)`;
  picture.classList.toggle("pixels", (width * zoom) / now.width > 3);
  twinned();
  bar((width * zoom) / now.width);
  if (zoom > 1.4 && now.reduced && !now.full && asked !== now.id) {
    asked = now.id;
    trigger("closer", {});
  }
}

function bar(scale) { // scale: pixels of the screen a pixel of the picture, across
  const now = value(), mm = now.spacing ? now.spacing[1] : 0, shown = viewer.querySelector(".bar");
  shown.hidden = !mm;
  if (!mm) return;
  const most = (frame.clientWidth / 4 / scale) * mm, power = 10 ** Math.floor(Math.log10(most));
  const long = [5, 2, 1].find((one) => one * power <= most) * power;
  shown.querySelector("i").style.width = `${(long / mm) * scale}px`;
  shown.querySelector("span").textContent = long >= 1 ? `${long} mm` : `${Number((long * 1000).toPrecision(3))} µm`;
}

let ruler = null; // two places in the picture
function measured() {
  const drawn = viewer.querySelector(".ruler"), told = viewer.querySelector(".far"), now = value();
  drawn.replaceChildren();
  told.textContent = "";
  if (!ruler || !now) return;
  drawn.setAttribute("viewBox", `0 0 ${now.width} ${now.height}`);
  drawn.setAttribute("preserveAspectRatio", "none");
  const [[ax, ay], [bx, by]] = ruler;
  for (const [colour, width] of [["#000", 4], ["#fff", 2]])
    drawn.append(made("line", { x1: ax, y1: ay, x2: bx, y2: by, stroke: colour, "stroke-width": width, "vector-effect": "non-scaling-stroke" }));
  const mm = now.spacing || [1, 1], long = Math.hypot((bx - ax) * mm[1], (by - ay) * mm[0]);
  told.textContent = now.spacing ? `${long.toFixed(long < 10 ? 2 : 1)} mm` : `${long.toFixed(1)} pixels (the scale is not known)`;
}

function zoomed(factor, x, y) {
  const before = zoom;
  zoom = Math.min(60, Math.max(1, zoom * factor));
  const rect = frame.getBoundingClientRect();
  const at = [x === undefined ? rect.width / 2 : x - rect.left, y === undefined ? rect.height / 2 : y - rect.top];
  left = at[0] - ((at[0] - left) * zoom) / before;
  top_ = at[1] - ((at[1] - top_) * zoom) / before;
  place();
}

function source(event) {
  const now = value(), rect = stage.getBoundingClientRect();
  const x = ((event.clientX - rect.left) / rect.width) * now.width;
  const y = ((event.clientY - rect.top) / rect.height) * now.height;
  return [Math.min(now.width, Math.max(0, x)), Math.min(now.height, Math.max(0, y))];
}

function made(name, attributes) {
  const one = document.createElementNS(SVG, name);
  for (const [key, told] of Object.entries(attributes)) one.setAttribute(key, told);
  return one;
}

function draw() {
  const now = value();
  drawn.replaceChildren();
  if (!now) return;
  drawn.setAttribute("viewBox", `0 0 ${now.width} ${now.height}`);
  drawn.setAttribute("preserveAspectRatio", "none");
  if (viewer.querySelector("[data-set=regions]").checked)
    for (const one of now.regions) {
      const [x0, y0, x1, y1] = one.box;
      for (const [colour, width] of [["#000", 4], [COLOURS[one.severity], 2]])
        drawn.append(made("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0, fill: "none", stroke: colour,
          "stroke-width": width, "vector-effect": "non-scaling-stroke", "stroke-dasharray": one.mine ? "7 4" : "none" }));
    }
  for (const one of open ? [...shapes, open] : shapes) {
    const points = one.points.map((p) => p.join(",")).join(" ");
    const look = { fill: "#00e5ff55", stroke: "#00e5ff", "stroke-width": 2, "vector-effect": "non-scaling-stroke" };
    if (one.kind === "box" && one.points.length === 2) {
      const [[ax, ay], [bx, by]] = one.points;
      drawn.append(made("rect", { x: Math.min(ax, bx), y: Math.min(ay, by), width: Math.abs(bx - ax), height: Math.abs(by - ay), ...look }));
    } else if (one.kind === "brush")
      drawn.append(made("polyline", { points: one.points.length > 1 ? points : `${points} ${points}`, fill: "none", stroke: "#00e5ff88",
        "stroke-width": 2 * one.radius, "stroke-linecap": "round", "stroke-linejoin": "round" }));
    else drawn.append(made(one === open ? "polyline" : "polygon", { points, ...look }));
  }
}

function label() {
  const now = value();
  labels.replaceChildren();
  if (!now || !viewer.querySelector("[data-set=regions]").checked) return;
  for (const one of now.regions) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `${one.id} ${one.type}`;
    button.style.left = `${(100 * one.box[0]) / now.width}%`;
    button.style.top = `${(100 * one.box[1]) / now.height}%`;
    button.classList.toggle("inside", one.box[1] < now.height * 0.07);
    button.classList.toggle("turned", one.box[0] > now.width * 0.7);
    button.style.borderColor = COLOURS[one.severity];
    button.title = `Region ${one.id}: ${one.type}, ${one.severity}. ` + (now.scan ? "Click shows its worst slice." : "Click asks about it and shows its pixels.");
    button.addEventListener("click", (event) => {
      event.stopPropagation();
      if (now.scan) return go(one.worst, one.axis);
      trigger("point", { x: (one.box[0] + one.box[2]) / 2, y: (one.box[1] + one.box[3]) / 2 }); // its own pixels: the label may hide it
      trigger("ask", { number: one.id });
    });
    labels.append(button);
  }
}

function show() {
  const now = value();
  stage.hidden = !now;
  empty.hidden = Boolean(now);
  viewer.classList.toggle("scan", Boolean(now && now.scan));
  viewer.querySelector(".legend").hidden = !now;
  if (!now) { shown = ""; shapes = []; besides(); around(); return; }
  if (now.picture !== shown || !now.keep) { shapes = []; open = null; ruler = null; }
  if (now.picture !== shown) { zoom = 1; shown = now.picture; }
  if (shapes.length && !now.shapes.length) tell(); // what was drawn goes with the next click
  const address = now.full || now.url;
  if (picture.getAttribute("src") !== address) picture.src = address;
  picture.alt = now.alt;
  heat.hidden = !now.heat || !viewer.querySelector("[data-set=warm]").checked;
  if (now.heat && heat.getAttribute("src") !== now.heat) heat.src = now.heat;
  besides(); place(); draw(); label(); measured(); around();
}

function end() {
  if (!open) return;
  const enough = { box: 2, polygon: 3, brush: 1 }[open.kind];
  if (open.points.length >= enough) shapes.push(open);
  open = null;
  draw();
  tell();
}

let pressed = null;
stage.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || event.target.closest("button") || !value()) return;
  event.preventDefault();
  frame.setPointerCapture(event.pointerId);
  pressed = { x: event.clientX, y: event.clientY, left, top: top_, moved: false };
  const at = source(event);
  if (tool === "measure") ruler = [at, at];
  if (tool === "box") open = { kind: "box", points: [at, at] };
  if (tool === "brush") open = { kind: "brush", points: [at], radius: Number(viewer.querySelector("[data-set=brush]").value) };
  draw();
});
frame.addEventListener("pointermove", (event) => {
  if (!pressed) return;
  const far = Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > 4;
  pressed.moved = pressed.moved || far;
  if (tool === "look" && pressed.moved) { left = pressed.left + event.clientX - pressed.x; top_ = pressed.top + event.clientY - pressed.y; place(); }
  if (tool === "measure" && ruler) { ruler[1] = source(event); measured(); }
  if (tool === "grey") greyed(event.clientX - pressed.x, event.clientY - pressed.y);
  if (open && tool === "box") open.points[1] = source(event);
  if (open && tool === "brush") open.points.push(source(event));
  if (open) draw();
});
frame.addEventListener("pointerup", (event) => {
  if (!pressed) return;
  const moved = pressed.moved;
  pressed = null;
  const at = source(event);
  if (tool === "look" && !moved) trigger("point", { x: at[0], y: at[1] });
  else if (tool === "polygon") {
    open = open || { kind: "polygon", points: [] };
    open.points.push(at);
    draw();
  } else if (tool === "measure") {
    if (!moved) { ruler = null; measured(); }
  } else if (tool !== "look" && tool !== "grey") {
    if (tool === "box" && !moved) open = null;
    end();
  }
});
frame.addEventListener("dblclick", (event) => { if (tool === "polygon") end(); else if (tool === "look") zoomed(2, event.clientX, event.clientY); });
frame.addEventListener("wheel", (event) => {
  if (!value() || (!event.ctrlKey && zoom === 1 && !value().scan)) return;
  event.preventDefault();
  if (value().scan && !event.ctrlKey) { go(leafed + Math.sign(event.deltaY)); return; }
  zoomed(event.deltaY < 0 ? 1.25 : 0.8, event.clientX, event.clientY);
}, { passive: false });
viewer.addEventListener("keydown", (event) => { if (event.key === "Enter" && open && tool === "polygon") { event.preventDefault(); end(); } });
viewer.querySelector(".tools").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.tool) {
    if (open) end();
    pressedAt = null;
    tool = viewer.dataset.tool = button.dataset.tool;
    for (const one of viewer.querySelectorAll(".tools [data-tool]")) one.setAttribute("aria-pressed", String(one === button));
  }
  if (button.dataset.do === "clear") { shapes = []; open = null; ruler = null; draw(); measured(); tell(); }
  if (button.dataset.beside) compared(button.dataset.beside);
  if (button.dataset.do === "in") zoomed(1.6);
  if (button.dataset.do === "out") zoomed(0.625);
  if (button.dataset.do === "fit") { zoom = 1; place(); }
});
viewer.querySelector(".tools").addEventListener("input", (event) => {
  if (event.target.dataset.set === "warm") heat.hidden = !event.target.checked || !(value() && value().heat);
  if (event.target.dataset.set === "heat") heat.style.opacity = event.target.value / 100;
  if (event.target.dataset.set === "regions") { draw(); label(); }
});
