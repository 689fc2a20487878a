"""What :mod:`training.benchmark_gpu` measures, a function a phase: data, towers and models are made on the spot, at random.

Random weights tell nothing of accuracy: they prove speed, memory, and that two ways say the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import torch
import yaml
from safetensors.torch import save_file

from assistant.errors import ConfigError
from assistant.pictures.images import load_image
from assistant.pipeline import Assistant
from training.localizer.data import read_rows
from training.localizer.features import plan
from training.measures.gpu_shards import sharded_against_plain
from training.measures.random_vlm import save_random_vlm

Numbers = dict[str, Any]
LEAST_ALIKE = 0.02
"""Largest difference of a score between two devices and precisions."""
WARM_UP = 3


@dataclass(frozen=True)
class Scale:
    """How large the phases are.

    Args:
        samples: of the built set.
        side: of its pictures, and of the tower's input, pixels.
        tower: width, heads, layers and patch of the random visual encoder; None for the towers of the preset tiny.
        batch: samples a step.
        steps: of ``localize``.
        pictures: inspected.
        layers, width: of the random language model; its other sizes follow from its width.
        quantization: of it.
        tokens: written.
    """

    samples: int
    side: int
    tower: tuple[int, int, int, int] | None
    batch: int
    steps: int
    pictures: int
    layers: int
    width: int
    quantization: str
    tokens: int


TINY = Scale(28, 112, None, 4, 3, 4, 2, 64, "none", 24)
WHOLE = Scale(20_000, 336, (384, 6, 12, 14), 32, 200, 200, 28, 3584, "nf4", 128)


def run_module(*words: str, environment: dict[str, str] | None = None, folder: Path | None = None) -> float:
    """Seconds of ``python -m`` some words, in a folder.

    Raises:
        ConfigError: it failed; its last line is told.
    """
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *words],
        capture_output=True,
        text=True,
        env=os.environ | (environment or {}),
        cwd=folder,
        check=False,
    )
    if done.returncode:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise ConfigError(
            f"{words[0]} to end well", (said or [f"exit code {done.returncode}"])[-1][:300], "read the log"
        )
    return time.perf_counter() - started


def localize(scale: Scale, out: Path) -> Numbers:
    """From nothing: a data set built, the localizer trained; samples a second against the bare encoder."""
    preset, numbers = random_preset(scale, out), {"build_s": built(scale, out)}
    body = _localize_recipe(scale, out, out / "localize", scale.steps)
    numbers["whole_s"] = run_module("training.train", "--config", str(_written(out / "localize.yaml", body)))
    record = json.loads((out / "localize" / "run.json").read_text())
    spent = record["seconds"]
    rows = read_rows(out / "set")
    shown = [plan(row, 0, [scale.side], (0, 1, 2, 4)) for row in rows]
    pictures = float(np.mean([1 + count * (4 if turned else 1) for _, count, turned in shown]))
    bare = _bare_encoder(preset, scale)
    history = json.loads((out / "localize" / "last" / "progress.json").read_text())
    samples = history["step"] * scale.batch / (spent["step"] + spent.get("encode", 0.0))
    return numbers | {
        "tokens": record["recipe"]["data"]["tokens"], "samples_s": samples, "pictures_a_sample": pictures,
        "encoder_pictures_s": bare, "ratio_to_encoder": samples * pictures / bare,
        "load_share": spent["load"] / spent["step"], "wanted": "ratio_to_encoder >= .5, load_share <= .02",
    }  # fmt: skip


def _localize_recipe(scale: Scale, out: Path, run: Path, steps: int) -> Numbers:
    """A recipe of the stage for the built set, which writes into ``run``."""
    return {
        "stage": "localize", "preset": str(random_preset(scale, out)), "batch_size": scale.batch, "out": str(run),
        "data": {"sets": [str(out / "set")], "features": str(out / "features"), "sides": [scale.side]},
        "loop": {"epochs": 1, "max_steps": steps, "tracker": "none", "checkpoint_every": 10**6, "mixed_precision": _bits()},
    }  # fmt: skip


def inspect(scale: Scale, out: Path) -> Numbers:
    """Pictures a second of ``inspect`` against the bare encoder."""
    preset = random_preset(scale, out)
    built(scale, out)
    assistant = Assistant.load(preset)
    paths = [row.image for row in read_rows(out / "set")][: scale.pictures]
    for path in paths[:WARM_UP]:
        assistant.inspect(path)
    started = time.perf_counter()
    for path in paths:
        assistant.inspect(path)
    rate, bare = len(paths) / (time.perf_counter() - started), _bare_encoder(preset, scale)
    return {"pictures_s": rate, "encoder_pictures_s": bare, "ratio_to_encoder": rate / bare, "memory_mb": peak()}


def scores(scale: Scale, out: Path) -> Numbers:
    """Image scores of this device in bfloat16 against those of a CPU in float32; no verdict may be another."""
    built(scale, out)
    here, there = out / "scores_here.json", out / "scores_cpu.json"
    hidden = {"CUDA_VISIBLE_DEVICES": ""}
    found = []
    for path, dtype, environment in ((here, "bfloat16", {}), (there, "float32", hidden)):
        preset = random_preset(scale, out, dtype)
        count = str(min(scale.pictures, 40))
        run_module(
            "training.measures.gpu_scores", str(preset), str(out / "set"), count, str(path), environment=environment
        )
        found.append(np.array(json.loads(path.read_text())))
    apart, flipped = float(np.abs(found[0] - found[1]).max()), int(((found[0] >= 0.5) != (found[1] >= 0.5)).sum())
    if apart > LEAST_ALIKE or flipped:
        raise ConfigError(
            f"scores within {LEAST_ALIKE}", f"{apart:.4f} apart, {flipped} other verdicts", "look at them"
        )
    return {"pictures": len(found[0]), "largest_difference": apart, "other_verdicts": flipped}


def language(scale: Scale, out: Path) -> Numbers:
    """A random model of the shape of Qwen2.5-VL: loaded, trained some steps in both stages, and heard."""
    preset = _language_preset(scale, out)
    built(scale, out)
    numbers: Numbers = {}
    for stage in ("align", "instruct"):
        run = out / stage
        body = {
            "stage": stage, "preset": str(preset), "batch_size": 2, "out": str(run),
            "data": {"sets": [str(_conversations(out))], "validation": 2},
            "loop": {"epochs": 1, "max_steps": 4, "tracker": "none", "mixed_precision": _bits()},
        }  # fmt: skip
        numbers[f"{stage}_whole_s"] = run_module(
            "training.train", "--config", str(_written(out / f"{stage}.yaml", body))
        )
        seconds = json.loads((run / "run.json").read_text())["seconds"]
        numbers[f"{stage}_step_s"] = seconds["step"] / 4
        numbers[f"{stage}_load_share"] = seconds["load"] / seconds["step"]
    return numbers | spoken(preset, out / "instruct" / "checkpoint", scale.tokens)


def spoken(preset: Path, parts: Path, tokens: int) -> Numbers:
    """Tokens a second of trained parts against ``generate`` of the bare model on the same ids, in turn."""
    from assistant.config import load_preset
    from assistant.language.models.hub import TransformersVLM
    from assistant.language.models.hub_parts import load_vlm
    from assistant.language.tokens.generation import LIKELIEST, DecodingOptions

    config = load_preset(str(preset))[0].language
    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    started = time.perf_counter()
    model = TransformersVLM.load(config, parts, DecodingOptions(max_new_tokens=tokens))
    numbers: Numbers = {"load_s": time.perf_counter() - started}
    bare, _ = load_vlm(config, dtype)
    ids = model.renderer.opening("Is anything wrong?", model._slots(_no_image(), told=False), "Verdict.")
    end, given = model.renderer.end_ids[0], torch.tensor([list(ids)])
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    options = {"max_new_tokens": tokens, "min_new_tokens": tokens, "pad_token_id": end, "eos_token_id": end}
    for number in range(4):
        for name, one in (("ours", model.model), ("bare", bare)):
            placed = given.to(one.device)
            started = time.perf_counter()
            one.generate(placed, attention_mask=torch.ones_like(placed), **LIKELIEST | options)
            if number:
                rates[name].append(tokens / (time.perf_counter() - started))
    ours, theirs = (float(np.median(rates[name])) for name in ("ours", "bare"))
    return numbers | {
        "tokens_s": ours, "bare_tokens_s": theirs, "ratio_to_bare": ours / theirs, "memory_mb": peak(),
        "wanted": "ratio_to_bare >= .97 where the model is not quantised",
    }  # fmt: skip


def shards(scale: Scale, out: Path) -> Numbers:
    """A small model in shards over one process (FSDP 2); on a GPU some steps of ``localize`` too, as accelerate launches it."""
    numbers = sharded_against_plain(out, scale.steps)
    apart = numbers["largest_difference"]
    if not apart <= LEAST_ALIKE * numbers["moved"]:
        raise ConfigError("the weights of training without shards", f"some {apart:.2g} apart", "look at them")
    if not torch.cuda.is_available():  # without one accelerate leaves its FSDP configuration alone
        return numbers
    built(scale, out)
    body = _localize_recipe(scale, out, out / "shards", min(scale.steps, 5))
    config = Path(__file__).parents[1] / "configs" / "accelerate" / "gpus_fsdp2.yaml"
    launch = (
        "accelerate.commands.launch",
        "--config_file",
        str(config),
        "--num_processes",
        "1",
        "-m",
        "training.train",
    )
    return numbers | {"whole_s": run_module(*launch, "--config", str(_written(out / "shards.yaml", body)))}


def suite(scale: Scale, out: Path) -> Numbers:
    """The tests that must hold on whatever computes here (marker ``device``)."""
    root, told = Path(__file__).parents[2], out / "suite.xml"
    files = [path for path in sorted((root / "tests").rglob("test_*.py")) if "mark.device" in path.read_text("utf-8")]
    if not files:
        raise ConfigError("the tests of a checkout", f"none in {root}", "run it in one")
    named = [str(path.relative_to(root)) for path in files]
    options = ("-q", "-m", "device", "-p", "no:cacheprovider", f"--junitxml={told}")
    seconds = run_module("pytest", *options, *named, folder=root)
    counts = next(ElementTree.parse(told).getroot().iter("testsuite")).attrib
    return {"tests": int(counts["tests"]), "skipped": int(counts["skipped"]), "tests_s": seconds}


PHASES: dict[str, tuple[Callable[[Scale, Path], Numbers], int]] = {
    "localize": (localize, 420), "inspect": (inspect, 120), "scores": (scores, 120), "language": (language, 420),
    "shards": (shards, 180), "suite": (suite, 240),
}  # fmt: skip
"""In order of worth: what it does, and seconds after which it is stopped."""


def built(scale: Scale, out: Path) -> float:
    """Build the data set where it is not yet; seconds."""
    if (out / "set" / "manifest.json").exists():
        return 0.0
    config = {"count": scale.samples, "seed": 5, "size": scale.side, "references": [1, 4], "validation_share": 0.1}
    if scale.samples < 100:
        config["validation_share"] = 0.4
    path = _written(out / "build.yaml", config)
    workers = str(max(1, (os.cpu_count() or 1) - 1))
    return run_module("data_builders.build", "--config", str(path), "--out", str(out / "set"), "--workers", workers)


def random_preset(scale: Scale, out: Path, dtype: str = "auto") -> Path:
    """A preset with random towers of the scale, the same ones every time."""
    base = yaml.safe_load((Path(__file__).parents[2] / "assistant" / "presets" / "tiny" / "preset.yaml").read_text())
    if scale.tower is not None:
        base["tower"] |= _random_tower(scale, out / "tower")
        base["adapters"], base["references"] = {"hidden": 192, "head_width": 32}, {"rows": 8192, "width": 128}
    base["tower"]["dtype"] = dtype
    return _written(out / f"preset_{dtype}.yaml", base)


def _random_tower(scale: Scale, folder: Path) -> dict[str, Any]:
    import open_clip

    assert scale.tower is not None
    width, heads, layers, patch = scale.tower
    config = {
        "embed_dim": width,
        "vision_cfg": {"image_size": scale.side, "layers": layers, "width": width, "head_width": width // heads,
                       "patch_size": patch},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": width, "heads": heads, "layers": 2},
    }  # fmt: skip
    if not folder.exists():
        folder.mkdir(parents=True)
        torch.manual_seed(0)
        model = open_clip.CLIP(**config)
        save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "open_clip_model.safetensors")
        described = {"model_cfg": config, "preprocess_cfg": {}}
        (folder / "open_clip_config.json").write_text(json.dumps(described))
    return {
        "kind": "hub", "name": f"local-dir:{folder}", "pretrained": "", "side": scale.side, "joint_width": width,
        "levels": [layers // 4, layers // 2, 3 * layers // 4, layers],
    }  # fmt: skip


def _bare_encoder(preset: Path, scale: Scale) -> float:
    """Pictures a second of the encoder alone, on tensors that are there already, in the best of some batch sizes."""
    encoder = Assistant.load(preset).detector.clip.encoder
    best = 0.0
    for size in (1, 8, 64) if torch.cuda.is_available() else (1, 4):
        pixels = torch.zeros(size, 3, scale.side, scale.side, device=encoder.device)
        with torch.inference_mode():
            for _ in range(WARM_UP):
                encoder(pixels)
            rounds = max(2, 128 // size) if torch.cuda.is_available() else 4
            _wait()
            started = time.perf_counter()
            for _ in range(rounds):
                encoder(pixels)
            _wait()
        best = max(best, size * rounds / (time.perf_counter() - started))
    return best


def _language_preset(scale: Scale, out: Path) -> Path:
    folder = out / "vlm"
    if not (folder / "config.json").exists():
        save_random_vlm(folder, scale.layers, scale.width)
    base = yaml.safe_load(random_preset(scale, out).read_text())
    base["language"] = {"kind": "hub", "name": str(folder), "quantization": scale.quantization}
    return _written(out / "preset_language.yaml", base)


def _conversations(out: Path) -> Path:
    """A language set on pictures of the built one, with maps at random."""
    folder = out / "words"
    folder.mkdir(exist_ok=True)
    rows = read_rows(out / "set")[:40]
    evidence, talks = [], []
    for number, row in enumerate(rows):
        tensors = {"map": torch.rand(48, 48).half(), "image_tokens": torch.zeros(64, 8).half()}
        save_file(tensors, folder / f"{number:07d}.safetensors")
        evidence.append({"index": number, "evidence": "Verdict.", "score": 0.5, "source": str(row.image)})
        said = [{"role": "user", "content": "Is it sound?"}, {"role": "assistant", "content": "It is not."}]
        talks.append({"index": number, "conversations": [said]})
    for name, lines in (("evidence", evidence), ("conversations", talks)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def _no_image() -> Any:
    from assistant.language.models.hub_inputs import ImageInput

    return ImageInput((), {})


def _bits() -> str:
    return "bf16" if torch.cuda.is_available() else "no"


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def peak() -> int | None:
    """Largest memory of the GPU so far, MB; None without one."""
    return round(torch.cuda.max_memory_allocated() / 2**20) if torch.cuda.is_available() else None


def _written(path: Path, body: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(body, sort_keys=False))
    return path


def scores_of(preset: str, paths: Sequence[Path]) -> list[float]:
    """Image scores of pictures by a preset on this machine."""
    assistant = Assistant.load(preset)
    return [assistant.inspect(load_image(path)).image_score for path in paths]
