// Keys for who looks at many pictures; "?" shows them. They may be turned off, since some people's speech is typed for them.
() => {
  const KEYS = [
    ["n", "Next picture", "#next"], ["p", "Previous picture", "#previous"], ["g", "Mark it good, or take that back", "#good"],
    ["b", "Mark it bad, or take that back", "#bad"], ["a", "Ask a question", "#question textarea"],
    ["t", "Open or close the table of all pictures", "#everything button.label-wrap"],
  ];
  const KEPT = "anomaly-assistant-keys";
  const dialog = document.createElement("dialog");
  dialog.id = "keys-list";
  dialog.setAttribute("aria-labelledby", "keys-title");
  const lines = KEYS.map(([key, words]) => `<tr><td><kbd>${key}</kbd></td><td>${words}</td></tr>`).join("");
  dialog.innerHTML = `<h2 id="keys-title">Keys</h2><table><tbody>${lines}<tr><td><kbd>?</kbd></td><td>This list</td></tr></tbody></table>`
    + '<label><input type="checkbox"> Use these keys</label><button type="button">Close</button>';
  document.body.append(dialog);
  const used = dialog.querySelector("input");
  const on = () => { try { return localStorage.getItem(KEPT) !== "off"; } catch { return true; } };
  used.addEventListener("change", () => { try { localStorage.setItem(KEPT, used.checked ? "on" : "off"); } catch { /* not kept */ } });
  dialog.querySelector("button").addEventListener("click", () => dialog.close());
  function show() {
    used.checked = on();
    dialog.showModal();
  }
  document.addEventListener("click", (event) => { if (event.target.closest("#keys")) show(); });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable=true], dialog");
    const ranged = event.target.matches("input[type=range], input[type=checkbox]");
    if ((typing && !ranged) || event.ctrlKey || event.metaKey || event.altKey || event.repeat || dialog.open) return;
    if (event.key === "?" && on()) { event.preventDefault(); show(); return; }
    const found = on() && KEYS.find(([key]) => key === event.key.toLowerCase());
    const target = found && document.querySelector(found[2]);
    if (!target || target.disabled) return;
    event.preventDefault();
    if (found[0] === "a") target.focus();
    else target.click();
  });
}
