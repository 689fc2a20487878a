"""``python -m training.index_acts``: fit the index by which the assistant tells what a sentence does.

Reads the phrasings of ``assistant/reading/acts/phrasings/`` and the conversations of ``training/acts/spoken/``, tunes the
sentence tower to them (low-rank additions and a head), fits a head on hashed words, and writes ``index.safetensors`` (float16)
and ``index.json`` into ``--out``. A share of the patterns and conversations is left out first, for the scores and for how far a
first guess is to be believed. ``--held-out`` names a YAML file of sentences that are in no phrasing (``unknown``: lines; any
other block: act to lines); their scores go into the JSON file as well. About forty minutes on one core.
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
from assistant.reading.acts.index import FOLDER, LEXICAL_SHARE, NAME, ActIndex, LinearHead, softmax
from assistant.reading.acts.lexical import BUCKETS
from assistant.reading.acts.phrasings import Phrasing, load_phrasings, phrasings_hash
from assistant.reading.acts.sentence_tower import TOWER, LowRank, SentenceTower, sentence_tower
from assistant.reading.acts.understanding import KNOWN
from assistant.towers.weights import tower_hash
from training.acts.features import by_tower, by_words
from training.acts.heads import LEXICAL, SENTENCE, fit_head, phrasing_weights
from training.acts.left_out import Material, calibration_error, fit_confidence, left_out
from training.acts.spoken import SpokenPiece, load_spoken, spoken_hash
from training.acts.tuning import TuningRecipe, tune

FIRST_ACT = 0.65
"""Share of the better of two readings."""
SPOKEN_WEIGHT = 1.5
"""Of a piece of a conversation; a sentence of a pattern counts as 1 in the mean."""
LEFT_OUT = 0.15
"""Share of the patterns and of the conversations that scores and confidences come from."""
PER_PATTERN = 3
"""Sentences of a pattern that the tower is tuned to; the words' head sees them all."""


def main(arguments: Sequence[str] | None = None, program: str = "python -m training.index_acts") -> int:
    """Command line. Exit code 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(room.__path__[0]) / FOLDER, help="folder of the index")
    parser.add_argument("--held-out", type=Path, help="YAML file of sentences to score it on")
    parser.add_argument("--epochs", type=int, default=TuningRecipe.epochs, help="0 leaves the tower as it is")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)
    try:
        tower = sentence_tower()
        if tower is None:
            raise WeightsError(f"the tower {TOWER}", "none", f"run: anomaly-assistant weights fetch {TOWER}")
        index = made_index(load_phrasings(), load_spoken(), tower, TuningRecipe(epochs=args.epochs), args.seed)
        card = {"command": f"{program} --epochs {args.epochs} --seed {args.seed}", **index.card}
        if args.held_out is not None:
            card["scores"]["held_out"] = held_out_scores(index, args.held_out, tower)
        save_index(index, card, args.out)
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps(card["scores"], indent=1))
    return 0


def made_index(
    phrasings: Sequence[Phrasing], spoken: Sequence[SpokenPiece], tower: SentenceTower, recipe: TuningRecipe, seed: int
) -> ActIndex:
    """The index of phrasings and conversations, with a card of what it was made from."""
    material = material_of(phrasings, spoken)
    out = left_out(material.groups, LEFT_OUT, seed)
    unseen = material.part(out)
    guesses = guesses_of(fitted(material.part(~out), tower, recipe, seed), unseen, tower)
    confidences, scores = {}, {}
    for name, found in guesses.items():
        right, said = unseen.right(found), unseen.spoken.numpy()
        confidences[name] = fit_confidence(found[said], right[said])
        sure = np.array([confidences[name].of(row) for row in found])
        scores[name] = {
            "spoken": {
                "pieces": int(said.sum()),
                "top_1": _share(right[said].tolist()),
                "known": _share((sure[said] >= KNOWN).tolist()),
                "right_of_known": _share(right[said & (sure >= KNOWN)].tolist()),
                "calibration": round(calibration_error(sure[said], right[said]), 4),
            },
            "patterns": {"sentences": int((~said).sum()), "top_1": _share(right[~said].tolist())},
        }
    sentence, lexical, additions = fitted(material, tower, recipe, seed)
    card = {
        "phrasings": {"sha256": phrasings_hash(), "count": len(phrasings)},
        "spoken": {"sha256": spoken_hash(), "pieces": len(spoken), "talks": len({piece.talk for piece in spoken})},
        "towers": {TOWER: tower_hash(TOWER)},
        "recipe": {
            "tuning": asdict(recipe),
            "lexical": {**asdict(LEXICAL), "buckets": BUCKETS},
            "lexical_share": LEXICAL_SHARE,
            "left_out": LEFT_OUT,
            "seed": seed,
        },
        "acts": list(Act),
        "confidences": {name: asdict(found) for name, found in confidences.items()},
        "scores": {"left_out": scores},
    }
    return ActIndex(tuple(Act), sentence, lexical, confidences, card, additions)


def material_of(phrasings: Sequence[Phrasing], spoken: Sequence[SpokenPiece]) -> Material:
    """Both kinds of sentences; patterns are numbered first, then conversations."""
    order = tuple(Act)
    texts = [*(phrasing.text for phrasing in phrasings), *(piece.text for piece in spoken)]
    patterns = max(phrasing.group for phrasing in phrasings) + 1
    talks = {talk: patterns + at for at, talk in enumerate(dict.fromkeys(piece.talk for piece in spoken))}
    groups = [*(phrasing.group for phrasing in phrasings), *(talks[piece.talk] for piece in spoken)]
    targets = torch.zeros(len(texts), len(order))
    for row, acts in enumerate([*((phrasing.act,) for phrasing in phrasings), *(piece.acts for piece in spoken)]):
        for act, share in zip(acts, (FIRST_ACT, 1 - FIRST_ACT) if len(acts) > 1 else (1.0,), strict=True):
            targets[row, order.index(act)] += share
    firsts = targets.argmax(1)[: len(phrasings)]
    weights = torch.cat([
        phrasing_weights(firsts, torch.tensor(groups[: len(phrasings)])), torch.full((len(spoken),), SPOKEN_WEIGHT)
    ])  # fmt: skip
    said = torch.arange(len(texts)) >= len(phrasings)
    return Material(texts, by_words(texts), targets, torch.tensor(groups), said, weights)


Fitted = tuple[LinearHead, LinearHead, Mapping[str, LowRank]]


def fitted(material: Material, tower: SentenceTower, recipe: TuningRecipe, seed: int) -> Fitted:
    """The head on the tower, the head on words, and what is added to the tower."""
    lexical = fit_head(material.lexical, material.targets, material.weights, LEXICAL)
    if not recipe.epochs:
        return fit_head(by_tower(material.texts, tower), material.targets, material.weights, SENTENCE), lexical, {}
    some = material.part(material.spoken | _first_of_groups(material.groups, PER_PATTERN, seed))
    weights = torch.where(some.spoken, SPOKEN_WEIGHT, 1.0)
    additions, sentence = tune(tower, some.texts, some.targets, weights, recipe, seed)
    return sentence, lexical, additions


def _first_of_groups(groups: torch.Tensor, count: int, seed: int) -> torch.Tensor:
    """Which sentences are the first of their group in a drawn order."""
    drawn = np.random.default_rng(seed).permutation(len(groups))
    seen: dict[int, int] = {}
    kept = torch.zeros(len(groups), dtype=torch.bool)
    for at in drawn:
        group = int(groups[at])
        seen[group] = seen.get(group, 0) + 1
        kept[at] = seen[group] <= count
    return kept


def guesses_of(heads: Fitted, material: Material, tower: SentenceTower) -> dict[str, np.ndarray]:
    """Probabilities of each sentence: "sentence" (with both heads) and "lexical"."""
    sentence, lexical, additions = heads
    words = softmax((material.lexical @ torch.from_numpy(lexical.weight) + torch.from_numpy(lexical.bias)).numpy())
    meant = tower.adapted(additions).embed(material.texts) @ sentence.weight + sentence.bias
    return {"sentence": LEXICAL_SHARE * words + (1 - LEXICAL_SHARE) * softmax(meant), "lexical": words}


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
    added = {
        f"tower.{name}.{side}": np.ascontiguousarray(matrix).astype(np.float16)
        for name, one in index.additions.items()
        for side, matrix in (("down", one.down), ("up", one.up))
    }
    tensors = {**narrow(index.sentence, "sentence"), **narrow(index.lexical, "lexical"), **added}
    save_file(tensors, folder / f"{NAME}.safetensors")
    (folder / f"{NAME}.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
