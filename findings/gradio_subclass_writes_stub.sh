#!/usr/bin/env bash
# gradio 6.31.0: importing a module that subclasses a component writes a .pyi beside it, which type checkers then read instead of the module.
#
# Seen: `parts.py` with a subclass of gr.Slider and a function. After `import parts` there is `parts.pyi`, a copy of the whole source with
# some imports added at the end of the class; no event is new in the subclass, so nothing was to be declared. From then on mypy 2.4.1
# reads the copy. At later imports gradio brings the text of the class up to date and nothing else:
# - a function that is added to parts.py afterwards runs, and mypy says that the module has none of that name;
# - an error that was mended in parts.py is reported still, at a line of the copy, and one that was made since is not.
# Why: the metaclass of all components writes stubs for the events that a class declares, for every class whose source is a file
# (create_or_modify_pyi, called by ComponentMeta.__new__ in gradio/component_meta.py); failures to write are swallowed, so an installed
# package in a read-only folder has none, and a checkout has.
# What to do: do not subclass components where the types of the module matter; keep values that a component cannot take away from it (in the
# browser), or give the subclass a module of its own, and *.pyi to .gitignore and to the `exclude` of the type checker.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check gradio==6.31.0 mypy==2.4.1
mkdir "$work/app" && cd "$work/app"
cat >parts.py <<'PYTHON'
import gradio as gr


class Percent(gr.Slider):
    is_template = True

    def preprocess(self, payload: float | None) -> float:
        return 0.0 if payload is None else super().preprocess(payload) / 100


def wrong() -> int:
    return "one"
PYTHON
check() { "$work/venv/bin/mypy" --cache-dir=/dev/null . 2>&1 || true; }
before=$(check)
grep -q 'parts.py:12: error: Incompatible return value type' <<<"$before"
export GRADIO_ANALYTICS_ENABLED=False PYTHONDONTWRITEBYTECODE=1
"$work/venv/bin/python" -c "import parts"
test -f parts.pyi
grep -q 'def wrong() -> int' parts.pyi
sed -i 's/"one"/1/' parts.py
cat >>parts.py <<'PYTHON'


def added() -> int:
    return "two"
PYTHON
cat >use.py <<'PYTHON'
from parts import added

print(added())
PYTHON
ran=$("$work/venv/bin/python" use.py)
test "$ran" = two
late=$(check)
grep -q 'parts.pyi:18: error: Incompatible return value type' <<<"$late"
grep -q 'use.py:1: error: Module "parts" has no attribute "added"' <<<"$late"
grep -q 'Found 2 errors' <<<"$late"
printf 'before the first import:\n%s\nafter it, the error mended and another one made in parts.py:\n%s\n' "$before" "$late"
