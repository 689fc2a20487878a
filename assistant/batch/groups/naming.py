"""A group of a run gets a name: its regions become examples of that kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assistant.batch.groups.contact_sheet import SHEET, write_sheet
from assistant.batch.groups.group_file import GROUPS, Member, read_groups
from assistant.batch.groups.members import embedded
from assistant.batch.inputs.item import key_of
from assistant.batch.results.pictures import unwritable
from assistant.batch.results.region_embeddings import RegionEmbeddings, embeddings_path
from assistant.errors import DataSetError
from assistant.inquiry import checked_phrase
from assistant.report import RESULTS
from assistant.vision.references.kind_examples import KindExamples

KINDS = "kinds.safetensors"
MOST_EXAMPLES = 64
"""Of one group: its medoid, and members evenly from the most to the least like it."""


def name_group(run: Path, name: str, kind: str, kinds: Path | None = None) -> KindExamples:
    """Give a group a kind: in ``groups.json``, on the sheet, and as examples in a file.

    Args:
        run: folder of a finished run with groups.
        name: letter of the group.
        kind: in plain words.
        kinds: file of examples, which is added to; ``kinds.safetensors`` in ``run`` when None.

    Returns:
        All examples of the file.

    Raises:
        ConfigError: a kind that is no phrase.
        DataSetError: no groups, no such group, or no embeddings of it.
        ProfileError: a file of examples of another preset or other weights.
        StorageError: a folder that cannot be written.
    """
    phrase = checked_phrase(kind, "a kind")
    groups = read_groups(run / GROUPS)
    group = groups.named(name)
    target = kinds or run / KINDS
    examples = _examples(run, group.members, phrase, (groups.preset or "", groups.weights or ""))
    if target.exists():
        examples = KindExamples.load(target).joined(examples)
    named = tuple(one.model_copy(update={"kind": phrase}) if one is group else one for one in groups.groups)
    try:
        examples.save(target)
        renamed = groups.model_copy(update={"groups": named})
        renamed.write(run / GROUPS)
        write_sheet(run / SHEET, renamed, run / RESULTS)
    except OSError as error:
        raise unwritable(error, target) from error
    return examples


def _examples(run: Path, members: tuple[Member, ...], kind: str, made_with: tuple[str, str]) -> KindExamples:
    chosen = members
    if len(members) > MOST_EXAMPLES:
        chosen = tuple(members[round(place)] for place in np.linspace(0, len(members) - 1, MOST_EXAMPLES))
    places, vectors = embedded(chosen, RegionEmbeddings(embeddings_path(run / RESULTS)))
    if not places:
        do = "run the same batch --group command again with --restart"
        raise DataSetError(f"embeddings of the regions in {embeddings_path(run / RESULTS)}", "none", do)
    pictures = tuple(f"{key_of(chosen[place].source):016x}" for place in places)
    return KindExamples(*made_with, (kind,) * len(places), pictures, vectors)
