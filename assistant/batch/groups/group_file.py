"""``groups.json`` beside the rows of a run: the groups of its regions, the largest first.

{"schema": "anomaly-assistant/groups@1", "preset": "mini", "weights": "sha256:…", "regions": 40, "alone": 9,
"groups": [{"name": "A", "kind": null, "regions": 14, "pictures": 12, "cohesion": 0.71, "known_kinds": {"stain": 0.64},
"medoid": {"source": "a.png", "region": 1}, "members": [{"source": "a.png", "region": 1}]}]}
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.batch.results.records import write_whole
from assistant.errors import DataSetError

SCHEMA: Literal["anomaly-assistant/groups@1"] = "anomaly-assistant/groups@1"
GROUPS = "groups.json"


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Member(_Told):
    """A region of a run: the picture as rows name it, and the number of the region in its row."""

    source: str
    region: int


class Group(_Told):
    """Regions that are alike.

    Args:
        name: A, B, … by number of pictures.
        kind: as a person named it; None before.
        regions, pictures: how many.
        cohesion: mean cosine of the embeddings of its regions with each other, [-1, 1].
        known_kinds: share of its regions that each kind of the vocabulary was the nearest of, largest first.
        medoid: the region that is most like the others.
        members: the medoid, then those that are less and less like it.
    """

    name: str
    kind: str | None
    regions: int
    pictures: int
    cohesion: Annotated[float, Field(ge=-1, le=1)]
    known_kinds: dict[str, float]
    medoid: Member
    members: tuple[Member, ...]


class Groups(_Told):
    """Groups of a run.

    Args:
        preset, weights: that the regions were inspected with; None where there are none.
        regions: without a fitting kind.
        alone: of these in no group.
        groups: largest first.
    """

    schema_: Literal["anomaly-assistant/groups@1"] = Field(SCHEMA, alias="schema")
    preset: str | None
    weights: str | None
    regions: int
    alone: int
    groups: tuple[Group, ...]

    def named(self, name: str) -> Group:
        """The group of a letter, in either case.

        Raises:
            DataSetError: there is none.
        """
        for group in self.groups:
            if group.name == name.upper():
                return group
        known = ", ".join(group.name for group in self.groups) or "none: too few regions are alike"
        raise DataSetError(f"a group of {known}", repr(name), "look at groups.webp")

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all.

        Raises:
            StorageError: the folder is full or cannot be written.
        """
        write_whole(path, (self.model_dump_json(by_alias=True, indent=1) + "\n").encode())


def read_groups(path: Path) -> Groups:
    """The groups of a file.

    Raises:
        DataSetError: no such file, or one of another schema.
    """
    try:
        return Groups.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataSetError(f"{path.name} of a run", f"none at {path}", "run batch with --group") from error
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "text"
        do = "run the same batch --group command again"
        raise DataSetError(f"groups of {SCHEMA}", f"another `{where}` in {path}", do) from error
