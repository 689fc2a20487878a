// The nearest reference beside the picture, or in turns with it. Runs behind viewer.js, in its scope. Event: 'beside'.
const twin = viewer.querySelector(".twin");
const other = viewer.querySelector(".other");
const TURN = 700; // milliseconds a turn: far below three flashes a second
let beside = null; // {url, name, of}: the reference, and what it belongs to
let mode = ""; // "side", "flicker" or nothing
let turning = 0;
let awaited = ""; // what a reference was asked for, and has not come yet

function of(now) {
  return `${now.picture}|${now.version}`;
}

function besides() {
  const now = value();
  viewer.querySelector(".of-references").hidden = !now || !now.references;
  if (now && now.beside) {
    beside = { ...now.beside, of: of(now) };
    awaited = "";
  }
  if (!now || !beside || beside.of !== of(now)) {
    beside = null;
    if (mode && now && now.references && awaited !== of(now)) {
      awaited = of(now);
      trigger("beside", {});
    }
  }
  const there = Boolean(beside && mode);
  viewer.querySelector(".which").textContent = there ? beside.name : "";
  twin.hidden = !(there && mode === "side");
  if (there) for (const one of [twin.querySelector("img"), other]) if (one.getAttribute("src") !== beside.url) one.src = beside.url;
  twin.querySelector("img").alt = there ? beside.name : "";
  if (!there || mode !== "flicker") swapped(false);
}

function swapped(to) {
  other.hidden = !to;
  viewer.classList.toggle("swapped", to);
  viewer.querySelector(".turn").textContent = mode === "flicker" && beside ? (to ? "Reference" : "Picture") : "";
}

function compared(asked) {
  mode = mode === asked ? "" : asked;
  for (const one of viewer.querySelectorAll("[data-beside]")) one.setAttribute("aria-pressed", String(one.dataset.beside === mode));
  clearInterval(turning);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches; // then the key R alone changes them
  if (mode === "flicker" && !still) turning = setInterval(() => { if (beside) swapped(other.hidden); }, TURN);
  awaited = "";
  besides();
  place();
}

function twinned() {
  const image = twin.querySelector("img");
  twin.style.height = frame.style.height;
  for (const name of ["width", "height", "transform"]) image.style[name] = stage.style[name];
  image.classList.toggle("pixels", picture.classList.contains("pixels"));
}
viewer.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "r" || event.ctrlKey || event.metaKey || event.altKey || mode !== "flicker" || !beside) return;
  clearInterval(turning);
  swapped(other.hidden);
});
