#!/usr/bin/env bash
# gradio 6.31.0: with trigger_mode="always_last" the second call gets today's inputs with the data of the first event.
#
# Seen, in chromium: a gr.Radio of a, b and c whose `select` event runs a function of the radio's value and of gr.SelectData, with
# `trigger_mode="always_last"` ("a second submission after the pending event is complete"). While the call for a runs, b and c are clicked.
# The second call comes, as it should, once. Its input is c; its event data say a. So a function that goes by the event (which cell, which
# picture of a gallery, what a component of one's own tells with `trigger`) does the first thing twice and the last one never, and the
# page shows the last one chosen.
# Why: what is deferred is remembered as "once more", without the event; when the call ends it is the finished event that is dispatched anew,
# for which inputs are gathered again and `event_data` is not (the dependency manager in gradio's frontend).
# What to do: let functions with "always_last" read inputs alone; where the event's data matter use "multiple" with a number that rises, and
# pass over what is older than what was done.
# Needs chromium: an installed one, or the one that playwright brings.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check gradio==6.31.0 playwright==1.61.0
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then "$work/venv/bin/playwright" install --with-deps chromium >/dev/null; fi
cat >"$work/chosen.py" <<'PYTHON'
import os
import sys
import threading

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
import gradio as gr
from playwright.sync_api import sync_playwright

arrived, begun, go_on, ended = [], threading.Event(), threading.Event(), threading.Semaphore(0)


def work(value, event: gr.SelectData):
    arrived.append((value, event.value))
    begun.set()
    assert go_on.wait(60)
    ended.release()


with gr.Blocks(analytics_enabled=False) as page:
    radio = gr.Radio(["a", "b", "c"])
    radio.select(work, radio, None, trigger_mode="always_last", show_progress="hidden")
_, address, _ = page.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False)
with sync_playwright() as driver:
    found = sys.argv[1] if len(sys.argv) > 1 else None
    chromium = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
    tab = chromium.new_page()
    tab.goto(address)
    tab.get_by_label("a", exact=True).click()
    while not begun.is_set():
        tab.wait_for_timeout(20)
    for name in "bc":
        tab.get_by_label(name, exact=True).click()
    tab.wait_for_timeout(300)
    go_on.set()
    for _ in range(2):
        while not ended.acquire(blocking=False):
            tab.wait_for_timeout(20)
    tab.wait_for_timeout(1000)
    shown = tab.locator("input[type=radio]:checked").get_attribute("value")
    chromium.close()
page.close(verbose=False)
print(f"clicked a, then b and c while it runs: (input, event) were {arrived}; the page shows {shown}", flush=True)
assert arrived == [("a", "a"), ("c", "a")]
assert shown == "c"
PYTHON
"$work/venv/bin/python" "$work/chosen.py" $browser 2>"$work/log" || { cat "$work/log"; exit 1; }
