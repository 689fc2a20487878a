"""``python -m training.measures.gpu_scores PRESET SET COUNT OUT``: image scores of a set's pictures, for another process."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from training.localizer.data import read_rows
from training.measures.gpu_phases import scores_of

if __name__ == "__main__":
    preset, folder, count, out = sys.argv[1:]
    paths = [row.image for row in read_rows(Path(folder))[: int(count)]]
    Path(out).write_text(json.dumps(scores_of(preset, paths)))
