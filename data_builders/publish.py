"""A data set with a card, for others: ``anomaly-assistant publish SET --license ID``, and then where to.

The card is ``README.md`` with the head that hubs read. ``--save-to-disk DIR`` writes what ``datasets.load_from_disk`` reads;
``--push-to-hub OWNER/NAME`` uploads the shards as they are, so that the hashes of the manifest hold there too, and
``load_dataset("OWNER/NAME")`` reads them. Nothing leaves this machine without that option.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from assistant.errors import AssistantError, ConfigError, DataSetError
from assistant.samples.rows import features
from assistant.samples.sets import SampleSet, open_set, shards_of, split_of
from data_builders.files import write_atomic

CARD = "README.md"
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_FIELDS = {
    "image": "the picture", "mask": "grey, of its size: 0 normal, the n-th defect (from 0) has the value 255 - n",
    "references": "normal pictures of the same thing", "defects": "type, family, box in pixels (half-open), area, severity",
    "conversations": "turns of user and assistant about the picture", "verdict": "normal or anomalous",
    "split": "train, validation or test", "more": "fields beyond the contract, as JSON text",
}  # fmt: skip


def write_card(folder: Path, license_id: str, title: str | None = None) -> Path:
    """Write the card of a set in shards: features, licence, counts, and how it was built.

    Args:
        folder: of the set.
        license_id: identifier as hubs know them, for example ``cc-by-4.0``.
        title: the folder's name when None.

    Raises:
        DataSetError: no data set in shards, or no manifest.
    """
    data = _in_shards(folder)
    manifest = _manifest(folder)
    counts = Counter(str(row["split"]) for row in data.rows())
    verdicts = Counter(str(row.get("verdict")) for row in data.rows())
    types = Counter(defect["type"] for row in data.rows() for defect in row["defects"])
    splits = sorted({split_of(path) for path in shards_of(folder)})
    head = {
        "license": license_id,
        "pretty_name": title or folder.resolve().name,
        "size_categories": [next((name for most, name in _SIZES if len(data) < most), "n>10M")],
        "task_categories": ["image-segmentation", "visual-question-answering"],
        "tags": ["anomaly-detection", *(["synthetic"] if "config" in manifest else [])],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"data/{split}-*.parquet"} for split in splits],
            }
        ],
    }
    told = [
        f"# {head['pretty_name']}", "",
        f"{len(data)} pictures: " + ", ".join(f"{counts[s]} {s}" for s in splits)
        + "; " + ", ".join(f"{n} {v}" for v, n in sorted(verdicts.items())) + ".", "",
        "| column | what |", "|---|---|",
        *(f"| `{name}` | {_FIELDS.get(name, 'as its name says')} |" for name in features()), "",
        "| kind of defect | how many |", "|---|---|", *(f"| {name} | {n} |" for name, n in types.most_common()), "",
        "## How it was made", "", *_made(manifest), "",
        "`manifest.json` has the SHA-256 of every shard, and `rows_sha256` over the rows.",
    ]  # fmt: skip
    text = "---\n" + yaml.safe_dump(head, sort_keys=False, allow_unicode=True) + "---\n\n" + "\n".join(told) + "\n"
    path = folder / CARD
    write_atomic(path, text.encode())
    return path


def _made(manifest: dict[str, Any]) -> list[str]:
    """How a set was made, by its manifest."""
    if "config" not in manifest:
        return [f"Converted from {manifest.get('converted_from', 'another set')}."]
    config = json.dumps(manifest["config"], indent=1, sort_keys=True)
    versions = ", ".join(f"{name} {version}" for name, version in (manifest.get("versions") or {}).items())
    made = f"Drawn by anomaly-assistant from seed {manifest.get('seed')}"
    return [f"{made} with this configuration ({versions}):", "", "```json", config, "```"]


def _in_shards(folder: Path) -> SampleSet:
    data = open_set(folder)
    if data.form != "shards":
        do = f"anomaly-assistant convert to-shards {folder} TARGET"
        raise DataSetError("a data set in shards", f"one in files at {folder}", do)
    return data


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataSetError("a data set with manifest.json", f"{path} ({error})", "let its build finish") from None
    return found


def save_to_disk(folder: Path, target: Path) -> dict[str, int]:
    """Write a set as ``datasets.load_from_disk`` reads it, its card beside it; rows a split.

    Raises:
        ConfigError: a folder that is not empty.
    """
    import tempfile

    import datasets

    if target.exists() and any(target.iterdir()):
        raise ConfigError("an empty or absent folder", str(target), "choose another --save-to-disk")
    files: dict[str, list[str]] = {}
    for path in shards_of(folder):
        files.setdefault(split_of(path), []).append(str(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".cache-") as cache:
        whole = datasets.load_dataset("parquet", data_files=files, features=features(), cache_dir=cache)
        whole.save_to_disk(str(target))
        rows = {split: len(part) for split, part in whole.items()}
        del whole
    write_atomic(target / CARD, (folder / CARD).read_bytes())
    return rows


def push_to_hub(folder: Path, name: str, private: bool) -> str:
    """Upload shards, manifest and card to a hub; the address.

    Args:
        folder: of the set.
        name: OWNER/NAME of the repository; made where it is not there.
        private: of a repository that is made.

    Raises:
        ConfigError: no access.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi()
    try:
        made = api.create_repo(name, repo_type="dataset", private=private, exist_ok=True)
        kept = ["data/*.parquet", "manifest.json", CARD]
        api.upload_folder(repo_id=made.repo_id, repo_type="dataset", folder_path=str(folder), allow_patterns=kept)
    except (HfHubHTTPError, OSError, ValueError) as error:
        got = str(error).strip().splitlines()[0][:160]
        raise ConfigError(f"a hub that takes {name}", got, "log in with `hf auth login`, and check the name") from None
    return str(made)


def main(arguments: Sequence[str] | None = None, program: str = "python -m data_builders.publish") -> int:
    """Run the command line; 0 done, 1 failed."""
    options = argparse.ArgumentParser(prog=program, description="Write the card of a data set, and hand it on.")
    options.add_argument("data_set", type=Path, help="folder of a set in shards")
    options.add_argument("--license", required=True, metavar="ID", help="as hubs know it, for example cc-by-4.0")
    options.add_argument("--title", help="of the card (default: the folder's name)")
    options.add_argument("--save-to-disk", type=Path, metavar="DIR", help="write what datasets.load_from_disk reads")
    options.add_argument("--push-to-hub", metavar="OWNER/NAME", help="upload it; nothing is uploaded without this")
    options.add_argument("--public", action="store_true", help="--push-to-hub: a new repository is for everyone to see")
    given = options.parse_args(arguments)
    try:
        print(f"card in {write_card(given.data_set, given.license, given.title)}")
        if given.save_to_disk is not None:
            rows = save_to_disk(given.data_set, given.save_to_disk)
            print(f"{sum(rows.values())} rows in {given.save_to_disk}")
        if given.push_to_hub is not None:
            print(f"uploaded to {push_to_hub(given.data_set, given.push_to_hub, private=not given.public)}")
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
