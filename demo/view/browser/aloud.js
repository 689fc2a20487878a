(on, talk) => {
  const last = (talk || []).at(-1);
  if (!on || !last || last.role !== "assistant" || !window.speechSynthesis) return;
  const text = typeof last.content === "string" ? last.content : (last.content || []).map((part) => part.text || "").join(" ");
  const plain = new DOMParser().parseFromString(text, "text/html").body.textContent;
  speechSynthesis.cancel();
  speechSynthesis.speak(Object.assign(new SpeechSynthesisUtterance(plain), { lang: "en" }));
}
