"""A data set on disk -> ``datasets.Dataset`` with the columns that its contract promises, whatever it holds.

``datasets`` infers columns from the rows: where no row names a reference, ``load_dataset("imagefolder")`` gives a column
``reference_file_names`` of nulls instead of ``reference``. Told the columns, it gives the same ones for every set. A set in
shards states its columns.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assistant.errors import DataSetError
from assistant.samples.sets import open_set, shards_of

PICTURES = ("image", "mask")
REFERENCES = "reference"


def load_set(folder: Path, **options: Any) -> Any:
    """Every row of a data set: ``image`` and ``mask`` as pictures, ``reference`` as a list of pictures, empty where none.

    Args:
        folder: of the data set.
        options: of ``datasets.load_dataset``, such as ``cache_dir``.

    Raises:
        DataSetError: no data set.
    """
    import datasets

    data = open_set(folder)
    if data.form == "shards":
        from assistant.samples.rows import features

        files = [str(path) for path in shards_of(folder)]
        whole = datasets.load_dataset("parquet", data_files=files, features=features(), split="train", **options)
        return whole.rename_column("references", REFERENCES)
    return datasets.load_dataset(
        "imagefolder", data_dir=str(folder), features=features_of(folder), split="train", **options
    )


def features_of(folder: Path) -> Any:
    """Columns of a data set, for ``datasets.load_dataset("imagefolder", data_dir=…, features=…)``.

    Raises:
        DataSetError: no data set, or rows that do not go together.
    """
    import datasets
    import pyarrow as pa
    from pyarrow import json as rows

    path = folder / "metadata.jsonl"
    if not path.is_file():
        raise DataSetError("a data set with metadata.jsonl", str(folder), "build it with python -m data_builders.build")
    try:
        schema = rows.read_json(path, rows.ReadOptions(block_size=max(2**20, path.stat().st_size + 1))).schema
    except pa.ArrowInvalid as error:
        raise DataSetError("rows of one form", f"others in {path} ({str(error)[:80]})", "build the set again") from None
    columns = dict(datasets.Features.from_arrow_schema(schema))
    for name in PICTURES:
        if columns.pop(f"{name}_file_name", None) is not None:
            columns[name] = datasets.Image()
    columns.pop(f"{REFERENCES}_file_names", None)
    columns[REFERENCES] = datasets.List(datasets.Image())
    return datasets.Features(columns)
