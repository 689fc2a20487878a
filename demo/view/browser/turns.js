// Numbers what is done on this page, whichever component it is done in: what is sent may be worked on in another order, and what is
// older than what was obeyed already is then told by its number.
function next_turn() {
  window.page_turn = Math.max(Date.now(), (window.page_turn || 0) + 1);
  return window.page_turn;
}
