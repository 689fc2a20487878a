"""A profile as a safetensors file: written whole, with a SHA-256 of what it holds, and refused when anything in it is not so.

The hash finds damage; the checks behind it find what a program wrote wrongly. Knows the tensors of a memory bank by their
annotations, and nothing of pictures.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeGuard

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from assistant.errors import ProfileError
from assistant.inquiry import SCORES
from assistant.types import Levels
from assistant.vision.checks.known import Known
from assistant.vision.detail.references import PREFIX, TileReferences
from assistant.vision.experts.normal_range import NormalRange
from assistant.vision.experts.opinions import EXPERTS
from assistant.vision.one_class.fitted import Fitted
from assistant.vision.references.memory_bank import MemoryBank

SCHEMA = "anomaly-assistant/profile@4"
AGAIN = "build the profile again"
NEAR_ONE = 0.02
"""By so much the length of a unit vector may differ from 1, and a distance be below 0, in half precision."""
ANOMALOUS = "anomalous_keys"
FIT = "fit."
"""Begins the names of a fitted head's numbers."""
_AXES = {
    **{
        f"bank.{f.name}": tuple(m[1].split())
        for f in fields(MemoryBank)
        if (m := re.search(r"['\"](.*)['\"]", str(f.type)))
    },
    ANOMALOUS: ("levels", "anomalous_rows", "match_width"),
}
"""Names of the axes of every tensor that a file may hold."""
_UNIT = ("bank.keys", "bank.class_tokens", ANOMALOUS)


def write_profile(path: Path, about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Write the file, whole or not at all; floating point numbers in half precision.

    Args:
        path: of the file; its folder is made.
        about: what is said of the tensors, as JSON takes it.
        tensors: by name.

    Raises:
        ProfileError: numbers that :func:`read_profile` would refuse.
    """
    narrow = {k: (v.half() if v.is_floating_point() else v).contiguous().cpu() for k, v in tensors.items()}
    said = {"schema": SCHEMA, **about}
    if wrong := _wrong(said, narrow):
        raise ProfileError("references that make a sound profile", wrong, "look at the reference pictures")
    said["sha256"] = _digest(said, narrow)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    save_file(narrow, partial, metadata={"about": json.dumps(said)})
    partial.replace(path)


def read_profile(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What :func:`write_profile` was given, floating point numbers in single precision again.

    Raises:
        ProfileError: not a profile, damaged, of another schema, or with numbers that no profile has.
    """
    try:
        with safe_open(path, "pt") as handle:
            about = json.loads((handle.metadata() or {})["about"])
            tensors = {k: handle.get_tensor(k) for k in list(handle.keys())}
        schema, digest = about["schema"], about.get("sha256")
    except (OSError, SafetensorError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        why = (str(error) or type(error).__name__).splitlines()[0]
        raise ProfileError("a profile written by `profile build`", f"{path.name} ({why})", AGAIN) from error
    if schema != SCHEMA:
        raise ProfileError(f"schema {SCHEMA}", str(schema)[:80], AGAIN)
    if digest != _digest({k: v for k, v in about.items() if k != "sha256"}, tensors):
        raise ProfileError("a profile as it was written", f"{path.name}, damaged or changed since", AGAIN)
    if wrong := _wrong(about, tensors):
        raise ProfileError("a sound profile", f"{path.name} with {wrong}", AGAIN)
    return about, {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}


def _digest(about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over what is said and over names, types, shapes and bytes of the tensors."""
    whole = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        whole.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        whole.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return whole.hexdigest()


def _wrong(about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str | None:
    """What is wrong with a profile, in a few words; None where nothing is."""
    tiles = {name: tensor for name, tensor in tensors.items() if name.startswith(f"{PREFIX}.")}
    rest = {name: tensor for name, tensor in tensors.items() if name not in tiles}
    return _wrong_form(rest) or _wrong_values(rest) or _wrong_words(about, rest) or _wrong_tiles(about, tiles)


def _wrong_tiles(about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str | None:
    """What no normal tiles are."""
    try:
        known = tiles_of(about, tensors)
    except (ValueError, KeyError, TypeError, AttributeError, ProfileError):
        return "normal tiles that are none"
    if set(tensors) != (set() if known is None else set(known.tensors())):
        return "other tensors than those of its tiles"
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        return "numbers of its tiles that are not finite"
    return None


def tiles_of(about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> TileReferences | None:
    """What the file keeps of normal tiles; None where none were asked for.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, ProfileError: what no tiles are.
    """
    told = about.get(PREFIX)
    return None if told is None else TileReferences.read(told, dict(tensors))


def _wrong_form(tensors: Mapping[str, Tensor]) -> str | None:
    """Names, number types and sizes that do not fit each other."""
    bank = {name for name in _AXES if name != ANOMALOUS}
    named = {name for name in tensors if not name.startswith(FIT)}
    if named not in (bank, {ANOMALOUS}, {*bank, ANOMALOUS}):
        odd = sorted(named ^ (bank if bank & named else {ANOMALOUS})) or ["none"]
        return f"other tensors than a profile's: {odd[0]}"
    sizes: dict[str, int] = {}
    for name, tensor in ((name, tensors[name]) for name in tensors if name in named):
        wanted = torch.int64 if name == "bank.owner" else torch.float16
        if tensor.dtype != wanted:
            return f"{name} in {tensor.dtype}, not {wanted}"
        axes = _AXES[name]
        if len(axes) != tensor.ndim or 0 in tensor.shape:
            return f"{name} of shape {tuple(tensor.shape)}, not ({', '.join(axes)})"
        for axis, size in zip(axes, tensor.shape, strict=True):
            if size != (int(axis) if axis.isdigit() else sizes.setdefault(axis, size)):
                return f"{name} of shape {tuple(tensor.shape)}, where {axis} is {sizes.get(axis, axis)}"
    return None


def _wrong_values(tensors: Mapping[str, Tensor]) -> str | None:
    """Numbers outside what they can be; shapes are right."""
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            return f"numbers in {name} that are not finite"
        if name in _UNIT and bool(((tensor.float().norm(dim=-1) - 1).abs() > NEAR_ONE).any()):
            return f"vectors in {name} that are not of length 1"
    if "bank.owner" not in tensors:
        return None
    owner, position = tensors["bank.owner"], tensors["bank.position"]
    if int(owner.min()) < 0 or int(owner.max()) >= len(tensors["bank.class_tokens"]):
        return f"patches of reference {int(owner.max())} among {len(tensors['bank.class_tokens'])}"
    if float(position.min()) < 0 or float(position.max()) > 1:
        return "patches outside their picture"
    for name in ("bank.statistics", "bank.subspace_statistics"):
        if bool((tensors[name][..., 0] < -NEAR_ONE).any()) or bool((tensors[name][..., 1] <= 0).any()):
            return f"a mean below 0 or a spread of 0 in {name}"
    return None


def _wrong_words(about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str | None:
    """Names and single numbers that no profile has."""
    if not all(isinstance(about.get(k), str) for k in ("preset", "weights")):
        return "no names of preset and weights"
    if not isinstance(about.get("object_name"), str | None):
        return "an object name that is no text"
    window, spread, normals = about.get("window"), about.get("class_spread"), about.get("normal_logits")
    if window is not None and not (_number(window) and 0 < window <= 1):
        return f"a window of {window}"
    referenced = "bank.owner" in tensors
    if not (_number(spread) and -NEAR_ONE <= spread <= 2 if referenced else spread is None):
        return f"a spread of class tokens of {spread}"
    if not isinstance(normals, dict) or not set(normals) <= set(SCORES):
        return f"scores of normals that are not by {', '.join(SCORES)}"
    if wrong := _wrong_experts(about, referenced) or _wrong_checks(about, tensors) or _wrong_fit(about, tensors):
        return wrong
    count = len(tensors["bank.class_tokens"]) if referenced else 0
    for score, logits in normals.items():
        if not isinstance(logits, list) or len(logits) != count or not all(_number(v) for v in logits):
            return f"{score} scores of normals that are not a number for each of {count} references"
    return None


def _wrong_experts(about: Mapping[str, Any], referenced: bool) -> str | None:
    """Weights and ranges that no profile has."""
    weights, ranges = about.get("weights_of_experts"), about.get("ranges")
    count = len(EXPERTS) if referenced else 0
    if not isinstance(weights, list) or len(weights) != count or not all(_number(v) and v > 0 for v in weights):
        return f"weights of experts that are not {count} positive numbers"
    if not isinstance(ranges, dict) or set(ranges) != set(SCORES if referenced else ()):
        return "ranges of normals that are not one a score"
    for score, found in ranges.items():
        known = isinstance(found, dict) and set(found) == {f.name for f in fields(NormalRange)}
        if not known or not all(_number(v) and (k in ("location", "even") or v > 0) for k, v in found.items()):
            return f"a range of normals by {score} that is none"
    return None


def known_of(about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Known | None:
    """What the file keeps to judge whole pictures by; None in files of before it was kept.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: what no reference set has.
    """
    told = about.get("known")
    return None if told is None else Known.from_json(told, len(tensors.get("bank.class_tokens", ())))


def levels_of(about: Mapping[str, Any]) -> Levels | None:
    """Levels that the references were read with; None in files of before they were kept, and where they have 8 bits.

    Raises:
        ValueError, TypeError: what is no pair of levels.
    """
    told = about.get("levels")
    if told is None:
        return None
    black, white = told
    if not (_number(black) and _number(white) and black <= white):
        raise ValueError("levels that are no two numbers in their order")
    return Levels(float(black), float(white))


def fitted_of(about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Fitted | None:
    """The head that was fitted on the references; None where there is none.

    Raises:
        ValueError, KeyError, TypeError, IndexError, RuntimeError: what is no head.
    """
    told = about.get("fitted")
    numbers = {name.removeprefix(FIT): tensor for name, tensor in tensors.items() if name.startswith(FIT)}
    if told is None:
        if numbers:
            raise ValueError("numbers of a head that is not named")
        return None
    return Fitted.of(told, {name: tensor.float() for name, tensor in numbers.items()})


def _wrong_fit(about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str | None:
    """What is no head, or one without references."""
    try:
        fitted = fitted_of(about, tensors)
        if fitted is not None:
            fitted.check()
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RuntimeError):
        return "a head that is none"
    if fitted is not None and "bank.owner" not in tensors:
        return "a head without references"
    tried = about.get("tried")
    return None if tried is None or _number(tried) else f"a separation of {tried}"


def _wrong_checks(about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str | None:
    """What no checks of a reference set tell."""
    try:
        known_of(about, tensors)
        levels_of(about)
    except (ValueError, KeyError, TypeError, AttributeError):
        return "checks of its references that are none"
    return None


def _number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
