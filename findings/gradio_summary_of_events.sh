#!/usr/bin/env bash
# gradio 6.31.0 (pandas 3.1.1): after each event the times of all events so far are summed up with pandas, though nothing reads them.
#
# Seen: a page with one function, 40 calls through its queue, launched with `analytics_enabled=False` and `enable_monitoring=False`. 40 pandas
# tables are made, one an event, of 1, 2, ... 40 rows: each holds every event that the server had so far, up to ten thousand, grouped by
# function for percentiles that only the monitor's page shows, and the monitor is off. Both switches read as if they turned this off; they
# turn off messages to the maker and the monitor's address. A page whose timer ticks once a second pays for it all day: 13 ms of processor
# time an event from a hundred events on, about 19 ms at ten thousand (measured on the side, not checked here).
# With pandas 3 each of them also raises a deprecation warning; where warnings are errors the task that ends an event stops there, after
# the answer was sent, with "Task exception was never retrieved" in the log.
# Why: Queue.process_events calls compute_analytics_summary at the end of each event whatever the switches say (gradio/queueing.py). How often it
# does work depends on the environment variable GRADIO_ANALYTICS_CACHE_FREQUENCY alone, 1 unless it is set, read when the queue is made.
# What to do: set GRADIO_ANALYTICS_CACHE_FREQUENCY to a large number before a page is built. Checked: then no table is made.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check gradio==6.31.0 pandas==3.1.1
cat >"$work/events.py" <<'PYTHON'
import os
import sys
import warnings

warnings.simplefilter("ignore")
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
if len(sys.argv) > 1:
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = sys.argv[1]
import gradio as gr
from gradio.queueing import Queue
from gradio_client import Client

rows = []
made = Queue._get_df
Queue._get_df = staticmethod(lambda records: (rows.append(len(records)), made(records))[1])
with gr.Blocks(analytics_enabled=False) as page:
    number = gr.Number()
    number.change(lambda value: value, number, number, api_name="same")
_, address, _ = page.launch(enable_monitoring=False, prevent_thread_lock=True, quiet=True, ssr_mode=False)
client = Client(address, verbose=False)
for value in range(40):
    assert client.predict(value, api_name="/same") == value
page.close(verbose=False)
if len(sys.argv) > 1:
    assert rows == [], rows
    print(f"GRADIO_ANALYTICS_CACHE_FREQUENCY={sys.argv[1]}: no table for 40 events")
else:
    assert 39 <= len(rows) <= 40, rows  # the last may come after the server was closed
    assert rows == sorted(rows), rows
    assert rows[-1] >= 39, rows
    print(f"as it comes: {len(rows)} tables for 40 events, of {rows[0]} to {rows[-1]} rows")
PYTHON
"$work/venv/bin/python" "$work/events.py"
"$work/venv/bin/python" "$work/events.py" 1000000000
