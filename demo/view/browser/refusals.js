// Files that are too large are refused before they are sent; gradio would say nothing. LIMIT is put in by the page, in bytes.
() => {
  const limit = LIMIT;
  const note = document.createElement("div");
  note.id = "refusal";
  note.setAttribute("role", "alert");
  document.body.append(note);
  let timer = 0;
  function refused(event, files) {
    const large = [...(files || [])].filter((file) => file.size > limit);
    if (!large.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.target && event.target.value) event.target.value = "";
    const size = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MB`;
    note.textContent = `That did not work. Expected files of at most ${size(limit)}, got ${large[0].name} of ${size(large[0].size)}; `
      + "send a smaller one, or start the page with a larger --max-upload-mb.";
    clearTimeout(timer);
    timer = setTimeout(() => { note.textContent = ""; }, 12000);
  }
  document.addEventListener("change", (event) => { if (event.target.type === "file") refused(event, event.target.files); }, true);
  document.addEventListener("drop", (event) => refused(event, event.dataTransfer && event.dataTransfer.files), true);
}
