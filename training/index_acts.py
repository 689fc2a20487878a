"""``python -m training.index_acts``: fit the index by which the assistant tells what a sentence does.

Reads the phrasings of ``assistant/reading/acts/phrasings/``, embeds them with the sentence tower, fits both heads and their
confidences, and writes ``index.safetensors`` (float16) and ``index.json`` into ``--out``. ``--held-out`` names a YAML file of
sentences that are in no phrasing (``unknown``: lines; any other block: act to lines); their scores go into the JSON file as well.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from assistant.errors import AssistantError, WeightsError
from assistant.reading import acts as room
from assistant.reading.acts.act import EVASIVE, Act
from assistant.reading.acts.index import FOLDER, LEXICAL_SHARE, NAME, ActIndex, LinearHead
from assistant.reading.acts.lexical import BUCKETS
from assistant.reading.acts.phrasings import Phrasing, load_phrasings, phrasings_hash
from assistant.reading.acts.sentence_tower import TOWER, SentenceTower, sentence_tower
from assistant.reading.acts.understanding import KNOWN
from assistant.towers.weights import tower_hash
from training.acts.features import by_tower, by_words
from training.acts.heads import LEXICAL, SENTENCE, fit_head, phrasing_weights
from training.acts.left_out import Material, calibration_error, fit_confidence, guesses_left_out


def main(arguments: Sequence[str] | None = None, program: str = "python -m training.index_acts") -> int:
    """Command line. Exit code 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(room.__path__[0]) / FOLDER, help="folder of the index")
    parser.add_argument("--held-out", type=Path, help="YAML file of sentences to score it on")
    parser.add_argument("--folds", type=int, default=5, help="parts of the patterns, each left out once")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)
    try:
        tower = sentence_tower()
        if tower is None:
            raise WeightsError(f"the tower {TOWER}", "none", f"run: anomaly-assistant weights fetch {TOWER}")
        index = made_index(load_phrasings(), tower, args.folds, args.seed)
        card = {"command": f"{program} --folds {args.folds} --seed {args.seed}", **index.card}
        if args.held_out is not None:
            card["scores"]["held_out"] = held_out_scores(index, args.held_out, tower)
        save_index(index, card, args.out)
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps(card["scores"], indent=1))
    return 0


def made_index(phrasings: Sequence[Phrasing], tower: SentenceTower, folds: int, seed: int) -> ActIndex:
    """The index of phrasings, with a card of what it was made from."""
    texts = [phrasing.text for phrasing in phrasings]
    order = tuple(Act)
    material = Material(
        by_tower(texts, tower),
        by_words(texts),
        torch.tensor([order.index(phrasing.act) for phrasing in phrasings]),
        torch.tensor([phrasing.group for phrasing in phrasings]),
    )
    guesses = guesses_left_out(material, folds, np.random.default_rng(seed))
    acts = material.acts.numpy()
    confidences = {name: fit_confidence(found, acts) for name, found in guesses.items()}
    scores: dict[str, Any] = {}
    for name, found in guesses.items():
        right = found.argmax(1) == acts
        sure = np.array([confidences[name].of(row) for row in found])
        scores[name] = {"top_1": round(float(right.mean()), 4), "calibration": round(calibration_error(sure, right), 4)}
    weights = phrasing_weights(material.acts, material.groups)
    card = {
        "phrasings": {"sha256": phrasings_hash(), "count": len(texts), "patterns": int(material.groups.max()) + 1},
        "towers": {TOWER: tower_hash(TOWER)},
        "recipe": {
            "sentence": asdict(SENTENCE),
            "lexical": {**asdict(LEXICAL), "buckets": BUCKETS},
            "lexical_share": LEXICAL_SHARE,
            "folds": folds,
            "seed": seed,
        },
        "acts": list(order),
        "confidences": {name: asdict(found) for name, found in confidences.items()},
        "scores": {"patterns_left_out": scores},
    }
    return ActIndex(
        order,
        fit_head(material.sentence, material.acts, weights, len(order), SENTENCE),
        fit_head(material.lexical, material.acts, weights, len(order), LEXICAL),
        confidences,
        card,
    )


def held_out_scores(index: ActIndex, file: Path, tower: SentenceTower) -> dict[str, Any]:
    """By tower ("sentence") and by words alone: each block of sentences told apart, and the share of unknown ones refused."""
    import yaml

    read = yaml.safe_load(file.read_text(encoding="utf-8"))
    scores: dict[str, Any] = {}
    for name, used in (("sentence", tower), ("lexical", None)):
        strange = index.rank(read["unknown"].splitlines(), used)
        blocks = {block: _told_apart(index, acts, used) for block, acts in read.items() if block != "unknown"}
        refused = _share(one.confidence < KNOWN or one.acts[0] in EVASIVE for one in strange)
        scores[name] = {**blocks, "unknown_refused": refused}
    return scores


def _told_apart(index: ActIndex, acts: Mapping[str, str], tower: SentenceTower | None) -> dict[str, float]:
    """Shares: first act right, right among three, above the bar, and right of those.

    Args:
        index: fitted.
        acts: act to its sentences, one a line.
        tower: None for words alone.
    """
    pairs = [(line, Act(act)) for act, lines in acts.items() for line in lines.splitlines()]
    ranked = index.rank([line for line, _ in pairs], tower)
    right = [one.acts[0] is act for one, (_, act) in zip(ranked, pairs, strict=True)]
    return {
        "sentences": len(pairs),
        "top_1": _share(right),
        "top_3": _share(act in one.acts[:3] for one, (_, act) in zip(ranked, pairs, strict=True)),
        "known": _share(one.confidence >= KNOWN for one in ranked),
        "right_of_known": _share(ok for one, ok in zip(ranked, right, strict=True) if one.confidence >= KNOWN),
    }


def _share(told: Iterable[bool]) -> float:
    values = list(told)
    return round(sum(values) / max(1, len(values)), 4)


def save_index(index: ActIndex, card: dict[str, Any], folder: Path) -> None:
    """``index.safetensors`` and ``index.json``."""
    from safetensors.numpy import save_file

    def narrow(head: LinearHead, name: str) -> dict[str, np.ndarray]:
        return {f"{name}.weight": head.weight.astype(np.float16), f"{name}.bias": head.bias.astype(np.float16)}

    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {**narrow(index.sentence, "sentence"), **narrow(index.lexical, "lexical")}, folder / f"{NAME}.safetensors"
    )
    (folder / f"{NAME}.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
