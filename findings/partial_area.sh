#!/usr/bin/env bash
# scikit-learn 1.9.1: `roc_auc_score(..., max_fpr=0.3)` is not the area under the curve up to 0.3, nor that area over 0.3.
#
# Seen: a detector that is no better than chance (equal scores) has an area of 0.045 up to a false positive rate of 0.3, 0.15 after
# division by 0.3 as AUPRO of MVTec AD is normalised, and `roc_auc_score(max_fpr=0.3)` says 0.5. Of one that finds half of the
# defects at no false positive and the rest by chance the three are 0.1725, 0.575 and 0.75. Two tables that both say "up to a false
# positive rate of 0.3" thus differ most for weak detectors and agree only for perfect ones (1.0).
# Why: the partial area is standardised (McClish, Medical Decision Making 9, 1989) so that chance is 0.5 and the best 1. Source:
# sklearn/metrics/_ranking.py, `_binary_roc_auc_score`; the parameter's documentation names "standardized partial AUC".
# What to do: integrate `roc_curve` up to the limit, with the point at the limit interpolated, and divide by the limit where a
# number is to be held against published AUPRO; use `max_fpr` to rank only, which it does in the same order.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve

LIMIT = 0.3
labels = np.repeat([0, 1], 100)
detectors = {
    "chance": np.zeros(200),
    "half found": np.concatenate([np.zeros(100), np.zeros(50), np.ones(50)]),
    "perfect": labels.astype(float),
}
found = {}
for name, scores in detectors.items():
    fpr, tpr, _ = roc_curve(labels, scores)
    x = np.append(fpr[fpr < LIMIT], LIMIT)
    area = np.trapezoid(np.append(tpr[fpr < LIMIT], np.interp(LIMIT, fpr, tpr)), x)
    found[name] = (round(float(area), 4), round(float(area / LIMIT), 4), round(roc_auc_score(labels, scores, max_fpr=LIMIT), 4))
    print(f"{name:10}  area {found[name][0]}  over the limit {found[name][1]}  roc_auc_score {found[name][2]}")
assert found["chance"] == (0.045, 0.15, 0.5), found
assert found["half found"] == (0.1725, 0.575, 0.75), found
assert found["perfect"] == (0.3, 1.0, 1.0), found
PYTHON
echo "as described: the partial area is standardised, 0.15 reads 0.5"
