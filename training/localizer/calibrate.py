"""Raw logits -> calibrated ones, from predictions on the validation split; the result is state of the checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from assistant.inquiry import SCORES
from assistant.vision.calibration import UNSEEN, Affine, Calibration
from training.localizer.stage import PicturePrediction


def calibrate(
    collected: Sequence[PicturePrediction], before: Calibration | None = None, only_references: bool = False
) -> Calibration:
    """Fit image and map calibration, without and with references.

    Image logits: Platt scaling with balanced classes (Platt, 1999), so that 0.5 is the threshold of equal error costs.
    Map logits: Platt scaling of patches, normal and defective weighing the same, steepened to the image's.

    Args:
        collected: predictions on the validation split.
        before: of the parts that training began with; what stage ``weigh`` found of them stays. None where it began with none.
        only_references: the text expert did not learn, and its calibration stays too.
    """
    fitted: dict[str, Affine] = {}
    for kind in ("text", "reference"):
        part = [c for c in collected if c.kind == kind] or list(collected)
        labels = np.array([c.anomalous for c in part])
        fitted[f"{kind}_image"] = platt(np.array([c.image for c in part]), labels)
        target = np.concatenate([c.target for c in part])
        clear = (target > 0.5) | (target == 0)
        fitted[f"{kind}_map"] = platt(np.concatenate([c.map for c in part])[clear], target[clear] > 0.5)
    kept = before or replace(Calibration.identity(), normal=dict.fromkeys(SCORES, UNSEEN))
    if only_references:
        fitted |= {"text_image": kept.text_image, "text_map": kept.text_map}
    return replace(
        kept,
        text_image=fitted["text_image"],
        text_map=fitted["text_map"],
        reference_image=fitted["reference_image"],
        reference_map=fitted["reference_map"],
        weighed_map=kept.weighed_map if before else fitted["reference_map"],
    )


def platt(logits: np.ndarray, labels: np.ndarray) -> Affine:
    """Slope and offset of a balanced logistic regression on one logit; slope kept positive."""
    model = LogisticRegression(class_weight="balanced", C=10.0).fit(logits[:, None], labels.astype(int))
    return Affine(scale=max(1e-3, float(model.coef_[0, 0])), offset=float(model.intercept_[0]))
