"""Speed of the builders: ``python -m data_builders.benchmark [--config FILE] [--samples N]``.

A query and each reference count as a picture. One core; encoding to files included.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assistant.errors import AssistantError
from data_builders.config import BuildConfig, load_config
from data_builders.families import Families, load_families
from data_builders.files import encode_mask, encode_pixels
from data_builders.iterate import iter_samples
from data_builders.sample import Sample
from data_builders.types import DefectFamily, Picture, SourceFamily


def sources_speed(families: Families, size: int, renders: int = 4) -> dict[str, float]:
    """Pictures a second of each source family alone."""
    return {family.name: _source_speed(family, size, renders) for family in families.sources}


def _source_speed(family: SourceFamily, size: int, renders: int) -> float:
    rng = np.random.default_rng(0)
    family.render(family.design(rng), rng, (size, size))
    start = time.perf_counter()
    for _ in range(renders):
        family.render(family.design(rng), rng, (size, size))
    return renders / (time.perf_counter() - start)


def defects_speed(families: Families, size: int, repeats: int = 2) -> dict[str, float]:
    """Defects a second of each defect family, on one picture of every source it applies to; 0 where it never worked."""
    rng = np.random.default_rng(0)
    pictures = [family.render(family.design(rng), rng, (size, size)) for family in families.sources]
    speeds = {}
    for family in families.defects:
        fitting = [p for p in pictures if p.domain in family.domains and family.applies(p)]
        speeds[family.name] = _defect_speed(family, fitting, repeats)
    return speeds


def _defect_speed(family: DefectFamily, pictures: Sequence[Picture], repeats: int) -> float:
    rng, made, spent = np.random.default_rng(0), 0, 0.0
    for picture in [*pictures][:6] * repeats:
        start = time.perf_counter()
        made += family.apply(picture, rng) is not None
        spent += time.perf_counter() - start
    return made / spent if spent else 0.0


def overall_speed(config: BuildConfig, families: Families, samples: int) -> tuple[float, float]:
    """(pictures, samples) a second with everything: sources, defects, camera, encoding."""
    pictures = 0
    start = time.perf_counter()
    for sample in iter_samples(config, 0, samples, families):
        pictures += _encode(sample, config)
    spent = time.perf_counter() - start
    return pictures / spent, samples / spent


def _encode(sample: Sample, config: BuildConfig) -> int:
    encode_mask(sample.mask)
    for pixels in (sample.pixels, *sample.references):
        encode_pixels(pixels, config.image_format, config.jpeg_quality)
    return 1 + len(sample.references)


def main(arguments: Sequence[str] | None = None, program: str = "python -m data_builders.benchmark") -> int:
    """Run the command line; 0 done, 2 bad options."""
    options = argparse.ArgumentParser(prog=program, description="Speed of the builders.")
    default = Path(__file__).parent / "configs" / "mini_industrial.yaml"
    options.add_argument("--config", type=Path, default=default, help="YAML file (default mini_industrial.yaml)")
    options.add_argument("--samples", type=int, default=40, help="samples of the overall figure (default 40)")
    given = options.parse_args(arguments)
    try:
        config = load_config(given.config)
        families = load_families(config)
        size = config.size_range[1]
        pictures, samples = overall_speed(config, families, given.samples)
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for title, speeds in (("sources", sources_speed(families, size)), ("defects", defects_speed(families, size))):
        print(f"{title} (a second, {size} px)")
        for name, speed in sorted(speeds.items(), key=lambda item: item[1]):
            print(f"  {speed:8.1f}  {name}")
    print(f"overall {pictures:.1f} pictures a second a core ({samples:.1f} samples)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
