#!/usr/bin/env bash
# faster-whisper 1.2.1: hotwords keep their beginning, earlier text keeps its end, and both together take every place of the transcript.
#
# Seen: the prompt that WhisperModel.get_prompt makes, with a tokenizer of one token a word and the model's 448 places. Of 300 hotwords
# the first 223 go in, the other 77 are dropped without a word; of 300 earlier words (an `initial_prompt`, or what was transcribed before)
# it is the last 223. Each of the two alone leaves half of the places to the transcript. Given together they are not made to share: 1 + 223
# + 223 tokens and the start of the transcript are the whole 448, so that none is left to write into. With a `prefix` all hotwords are
# dropped in silence. So a list of part names that works on the first window of a recording can leave no room from the second one on,
# where the text before it is given too (`condition_on_previous_text` is on unless it is switched off).
# Why: both are cut to max_length // 2 - 1 each, one from the front, one from the back, and nothing looks at the sum
# (faster_whisper/transcribe.py, WhisperModel.get_prompt).
# What to do: count tokens of hotwords before they are given, keep them few, and switch `condition_on_previous_text` off beside them.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check faster-whisper==1.2.1
cat >"$work/prompt.py" <<'PYTHON'
from types import SimpleNamespace

from faster_whisper import WhisperModel

MODEL = SimpleNamespace(max_length=448)  # of every published Whisper
START = [50258]  # a model of English alone starts with one token


class OneTokenAWord:
    sot_prev, sot_sequence, no_timestamps, timestamp_begin = 50361, START, 50363, 50364

    def encode(self, text):
        return [int(word) for word in text.split()]


def prompt(**given):
    return WhisperModel.get_prompt(MODEL, OneTokenAWord(), **{"previous_tokens": [], **given})


words = " ".join(map(str, range(1, 301)))
earlier = list(range(1001, 1301))
hot = prompt(hotwords=words)
assert hot == [50361, *range(1, 224), *START], hot
text = prompt(previous_tokens=earlier)
assert text == [50361, *range(1078, 1301), *START], text
both = prompt(hotwords=words, previous_tokens=earlier)
assert len(both) == 448 == MODEL.max_length, len(both)
prefixed = prompt(hotwords=words, prefix="7")
assert not set(range(1, 7)) & set(prefixed), prefixed
print(f"300 hotwords: {hot[1]} to {hot[-2]} go in; 300 earlier words: {text[1] - 1000} to {text[-2] - 1000}")
print(f"places left of 448: {448 - len(hot)} beside hotwords, {448 - len(text)} beside earlier text, {448 - len(both)} beside both")
print(f"hotwords with a prefix: {len(prefixed)} tokens in all")
PYTHON
"$work/venv/bin/python" "$work/prompt.py"
