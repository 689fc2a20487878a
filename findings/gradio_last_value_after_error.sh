#!/usr/bin/env bash
# gradio 6.31.0: with trigger_mode="always_last" the last value is never sent when the call before it fails; an emptied slider is such a failure.
#
# Seen, in chromium: a slider whose `input` event runs a function with `trigger_mode="always_last"` ("a second submission after the pending event
# is complete"). The function takes a second and fails on 0.2. Typed are 0.1 and, while it runs, 0.3: both arrive. Typed are 0.2 and, while
# it runs, 0.4: the call for 0.2 fails, 0.4 stands in the field and never arrives. Nothing tells the page or
# the server of it.
# A function that never raises is no way out: emptying the slider's field sends null, of which Slider.preprocess makes a TypeError before the
# function is asked (`None < 0`; gr.Number takes None), so who empties the field and types a number quickly sees the number and gets the old result.
# Why: what was asked for meanwhile is sent again where a call ends well, the branch of failed calls leaves it (the dependency manager in
# gradio's frontend: of the three ways out of its loop the last one, `catch`, does not look at the queue).
# What to do: keep values that fail away from the server (a listener in the capture phase that stops `input` of an empty or out-of-range field),
# and catch errors inside functions that run with "always_last".
# Needs chromium: an installed one, or the one that playwright brings.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check gradio==6.31.0 playwright==1.61.0
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then "$work/venv/bin/playwright" install --with-deps chromium >/dev/null; fi
cat >"$work/typed.py" <<'PYTHON'
import logging
import os
import sys
import threading

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
import gradio as gr
from playwright.sync_api import sync_playwright

logging.disable()
arrived, begun, go_on = [], threading.Event(), threading.Event()


def work(value):
    arrived.append(value)
    begun.set()
    assert go_on.wait(60)
    if value == 0.2:
        raise ValueError("0.2 is refused")


with gr.Blocks(analytics_enabled=False) as page:
    slider = gr.Slider(0, 1, value=0.5, step=0.1, elem_id="slider")
    slider.input(work, slider, None, trigger_mode="always_last", show_progress="hidden")
_, address, _ = page.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False)


def typed(tab, first, second):
    """What arrives when `second` is typed while the call for `first` runs."""
    for each in (arrived, begun, go_on):
        each.clear()
    field = tab.locator("#slider input[type=number]")
    if first == "":
        held = []
        tab.route("**/queue/join*", lambda route: held.append(route))
        field.fill("")
        while not held:
            tab.wait_for_timeout(20)
        field.fill(second)
        tab.wait_for_timeout(200)
        assert held[0].request.post_data_json["data"] == [None]
        tab.unroute("**/queue/join*")  # what was held goes on its way
    else:
        field.fill(first)
        assert begun.wait(60)
        field.fill(second)
        tab.wait_for_timeout(200)
    go_on.set()
    tab.wait_for_timeout(3000)
    return arrived.copy(), field.input_value()


with sync_playwright() as driver:
    found = sys.argv[1] if len(sys.argv) > 1 else None
    chromium = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])

    def fresh():
        tab = chromium.new_page()
        tab.goto(address)
        tab.wait_for_selector("#slider input[type=number]")
        return tab

    good = typed(fresh(), "0.1", "0.3")
    failed = typed(fresh(), "0.2", "0.4")
    emptied = typed(fresh(), "", "0.6")
    chromium.close()
page.close(verbose=False)
print(f"0.1, then 0.3 while it runs:                 arrived {good[0]}, in the field {good[1]}")
print(f"0.2, which fails, then 0.4 while it runs:    arrived {failed[0]}, in the field {failed[1]}")
print(f"emptied, then 0.6 while that runs:           arrived {emptied[0]}, in the field {emptied[1]}", flush=True)
assert good == ([0.1, 0.3], "0.3")
assert failed == ([0.2], "0.4")
assert emptied == ([], "0.6")
PYTHON
"$work/venv/bin/python" "$work/typed.py" $browser 2>"$work/log" || { cat "$work/log"; exit 1; }
