#!/usr/bin/env bash
# scikit-learn 1.9.1: a set without anomalous pictures is scored, and each metric gives it another number.
#
# Seen: labels all 0, scores 0.1 to 0.4. `roc_auc_score` returns nan, `average_precision_score` returns 0.0, the largest F1 over
# `precision_recall_curve` is 0.0, each with an UndefinedMetricWarning or a UserWarning and none with an error. With labels all 1
# average precision is 1.0. A mean over product categories of which one has no anomalies (or only anomalies) is then nan for the
# first and too low (or too high) by the category's share for the second, from the same labels. Older releases raised ValueError
# in `roc_auc_score`, and code that catches it still waits for it.
# Why: "undefined" became a value: nan where no rank can be told, 0 where recall has no denominator. Source:
# sklearn/metrics/_ranking.py, `_binary_roc_auc_score` and `precision_recall_curve`; the changelog of 1.6.
# What to do: count both classes before scoring and refuse, or leave the category out and say so; never average first.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import warnings

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

scores = np.array([0.1, 0.2, 0.3, 0.4])
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    none, every = np.zeros(4, int), np.ones(4, int)
    auroc, precision = roc_auc_score(none, scores), average_precision_score(none, scores)
    p, r, _ = precision_recall_curve(none, scores)
    f1 = float(np.max(2 * p * r / np.maximum(p + r, 1e-12)))
    auroc_of_all, precision_of_all = roc_auc_score(every, scores), average_precision_score(every, scores)
print("no anomalous picture:  AUROC", auroc, " AP", precision, " largest F1", round(f1, 3))
print("no normal picture:     AUROC", auroc_of_all, " AP", precision_of_all)
print("warnings:", sorted({str(w.category.__name__) for w in told}))
assert np.isnan(auroc) and np.isnan(auroc_of_all), "AUROC of one class is a number or an error now"
assert precision == 0 and precision_of_all == 1
assert np.isnan(np.mean([auroc, 0.9])) and np.mean([precision, 0.9]) == 0.45
PYTHON
echo "as described: the same set is nan by AUROC and 0 by average precision"
