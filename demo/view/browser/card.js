// The card, whose button takes a closer look, and the chips under it: a click opens a small form in its place. Events: 'closer',
// 'told'. Chips of references open where they are added.
const DOMAINS = [["", "from the file"], ["industrial", "industrial"], ["medical", "medical"]];

function form(chip) {
  const made = document.createElement("form");
  made.className = "chip-form";
  const label = document.createElement("label");
  label.textContent = `${chip.dataset.label} `;
  const field = document.createElement(chip.dataset.chip === "domain" ? "select" : "input");
  if (chip.dataset.chip === "domain")
    field.append(...DOMAINS.map(([value, words]) => Object.assign(document.createElement("option"), { value, textContent: words })));
  else Object.assign(field, chip.dataset.chip === "scale" ? { type: "number", min: "0", step: "any" } : { type: "text", maxLength: 80 });
  field.value = chip.dataset.value;
  label.append(field);
  const set = Object.assign(document.createElement("button"), { type: "submit", textContent: "Set" });
  const leave = Object.assign(document.createElement("button"), { type: "button", textContent: "Cancel" });
  made.append(label, set, leave);
  function away() { made.replaceWith(chip); chip.focus(); }
  leave.addEventListener("click", away);
  made.addEventListener("keydown", (event) => { if (event.key === "Escape") away(); });
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    trigger("told", { name: chip.dataset.chip, value: field.value });
    away();
  });
  chip.replaceWith(made);
  field.focus();
}

function references(tries) {
  const box = document.querySelector("#references-box");
  const input = box && box.querySelector("#references-drop input[type=file]");
  if (input) { box.scrollIntoView({ block: "center" }); input.click(); return; }
  if (tries === 30) box?.querySelector("button.label-wrap")?.click();
  if (tries > 0) setTimeout(() => references(tries - 1), 100);
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.closer) {
    button.disabled = true; // a second click does nothing twice
    trigger("closer", { look: button.dataset.closer });
  } else if (button?.dataset.chip) form(button);
  else if (button?.dataset.references) references(30);
});
