#!/usr/bin/env bash
# PyYAML 6.0.3: a value that looks like a date or a number and is none ends safe_load with ValueError, KeyError or AttributeError, not YAMLError.
#
# Seen: "lot: 2024-13-07", a lot number in an inspection plan, is a syntactically sound document; yaml.safe_load raises ValueError ("month must
# be in 1..12"). "code: 0x_" raises ValueError, "flag: !!bool x" KeyError, "when: !!timestamp soon" AttributeError. A program
# that reads what people write and catches yaml.YAMLError, which is documented as the base of all errors of the parser, shows them a
# traceback, and one without line and column. A lot of "2024-12-07" becomes a datetime.date without a word.
# Why: constructor.py hands the text of a scalar that the resolver's patterns matched to int(), datetime.date() and dictionaries without a
# guard; YAML 1.1's pattern of a timestamp asks for digits, not for a month. Only errors of the constructor's own become
# ConstructorError.
# What to do: catch ValueError, LookupError and AttributeError beside YAMLError, or load with BaseLoader and convert by a schema.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyyaml==6.0.3
cat >"$work/values.py" <<'PYTHON'
import datetime

import yaml

SEEN = {
    "lot: 2024-13-07": ValueError,
    "code: 0x_": ValueError,
    "flag: !!bool x": KeyError,
    "when: !!timestamp soon": AttributeError,
}
for text, kind in SEEN.items():
    assert yaml.compose(text, Loader=yaml.SafeLoader) is not None, "its structure is sound"
    assert yaml.load(text, Loader=yaml.BaseLoader), "as plain text it is read"
    try:
        yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SystemExit(f"{text!r} is a YAMLError now: {error}") from None
    except kind as error:
        print(f"{text!r}: {type(error).__name__}: {error}")
found = yaml.safe_load("lot: 2024-12-07")["lot"]
assert found == datetime.date(2024, 12, 7)
print(f"'lot: 2024-12-07': {found!r}")
PYTHON
"$work/venv/bin/python" "$work/values.py"
echo "as described: values that are none end in errors that are no YAMLError"
