"""What is known of each kind of defect or lesion: how it looks, where it comes from, what it does, what to do next.

The facts lie in ``knowledge/*.yaml`` and in the user's own files; this module reads and checks them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, StringConstraints, ValidationError

from assistant.errors import ConfigError
from assistant.files.text import decoded
from assistant.files.yaml_text import parse_yaml
from assistant.types import Domain

FOLDER = Path(__file__).parent / "knowledge"
CAUTION = "Research use, not a diagnosis."
"""Said of lesions whose file brings no words of its own."""

Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Phrases = Annotated[tuple[Phrase, ...], Field(min_length=1)]


class _KnowledgeModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Look(_KnowledgeModel):
    """What can be seen. Each a phrase without a final stop."""

    shape: Phrase
    colour: Phrase
    texture: Phrase


class Entry(_KnowledgeModel):
    """One kind.

    Args:
        name: the word of the vocabulary, or a user's own.
        domain: where it belongs.
        countable: "a scratch" against "corrosion".
        synonyms: other words for it.
        look: what can be seen.
        causes: phrases that follow "Usual causes are".
        effects: phrases that follow "It can".
        actions: phrases in the imperative.
        confusable: names of kinds that look alike.
        caution: a sentence that goes with every statement on it; None for industrial kinds.
    """

    name: Phrase
    domain: Domain
    countable: bool = True
    synonyms: tuple[Phrase, ...] = ()
    look: Look
    causes: Phrases
    effects: Phrases
    actions: Phrases
    confusable: tuple[Phrase, ...] = ()
    caution: Phrase | None = None


def _read_only(entries: Mapping[str, Entry]) -> Mapping[str, Entry]:
    return MappingProxyType(dict(entries))


class Knowledge(_KnowledgeModel):
    """Every kind by name; read-only."""

    entries: Annotated[Mapping[str, Entry], AfterValidator(_read_only)]
    _by_word: dict[str, Entry] = PrivateAttr(default_factory=dict)

    def model_post_init(self, _: Any) -> None:
        """Words to entries; a name goes before another kind's synonym."""
        for entry in self.entries.values():
            for word in entry.synonyms:
                self._by_word.setdefault(word.lower(), entry)
        self._by_word.update({name.lower(): entry for name, entry in self.entries.items()})

    def find(self, word: str | None) -> Entry | None:
        """The kind of that name or synonym, whatever the case; None when unknown."""
        return None if word is None else self._by_word.get(word.strip().lower())


def load_knowledge(extra: Sequence[Path] = ()) -> Knowledge:
    """The package's knowledge, with the user's files on top.

    A user's file has the same form: ``domain`` (optional when all its types are known already), an optional
    ``caution``, and ``types``, name to fields. Fields given for a known type replace those, the others stay.

    Raises:
        ConfigError: a file that is absent, is not YAML, or has fields that make no sense.

    >>> load_knowledge().find("rust").name
    'corrosion'
    """
    return _load(tuple(Path(path) for path in extra))


@cache
def _shipped() -> Mapping[str, dict[str, Any]]:
    raw: dict[str, dict[str, Any]] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        _merge(raw, path)
    return raw


def _load(extra: tuple[Path, ...]) -> Knowledge:
    raw = {name: dict(fields) for name, fields in _shipped().items()}
    origin: dict[str, Path] = {}
    for path in extra:
        origin |= dict.fromkeys(_merge(raw, path), path)
    entries: dict[str, Entry] = {}
    for name, fields in raw.items():
        try:
            entries[name] = Entry.model_validate(fields)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            got = f"{name}.{where}: {first['msg']}"
            raise ConfigError(f"a knowledge file, {origin.get(name, FOLDER)}", got, _FORM) from error
    for name, entry in entries.items():
        strangers = [other for other in entry.confusable if other not in entries or other == name]
        if strangers:
            got = f"{name}.confusable: {', '.join(map(repr, strangers))}"
            raise ConfigError("other types' names in confusable", got, f"correct it in {origin.get(name, FOLDER)}")
    return Knowledge(entries=entries)


_FORM = "follow assistant/vocabulary/knowledge/industrial.yaml"


def _merge(raw: dict[str, dict[str, Any]], path: Path) -> list[str]:
    """Lays a file's fields over ``raw``; names of its types."""
    content = _content(path)
    what = _what(path)
    for name, fields in content["types"].items():
        if not isinstance(name, str) or not isinstance(fields, dict):
            raise ConfigError(what, f"type {name!r} without fields", _FORM)
        if "name" in fields:
            raise ConfigError(what, f"a field 'name' in {name!r}", "the key names the type: remove the field")
        raw[name] = _laid_over(raw.get(name, {}), fields | {"name": name}, content)
    return list(content["types"])


def _what(path: Path) -> str:
    return f"a knowledge file, {path}"


def _content(path: Path) -> dict[str, Any]:
    """A file with a mapping ``types`` in it and nothing strange beside."""
    what = _what(path)
    try:
        content = parse_yaml(decoded(path.read_bytes(), str(path)))
    except OSError as error:
        raise ConfigError(what, error.strerror or "a file that cannot be read", "name a YAML file") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(what, f"no YAML ({error})", "correct the line named") from error
    if not isinstance(content, dict) or not isinstance(content.get("types"), dict) or not content["types"]:
        raise ConfigError(what, "no mapping 'types' in it", _FORM)
    if stray := sorted(str(key) for key in content if key not in {"domain", "caution", "types"}):
        raise ConfigError(f"{what} with domain, caution and types", f"{', '.join(stray)} too", _FORM)
    return content


def _laid_over(known: dict[str, Any], fields: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """A type's fields over those known; domain and caution from the file's head where neither says them."""
    merged = known | fields
    if isinstance(known.get("look"), dict) and isinstance(fields.get("look"), dict):
        merged["look"] = known["look"] | fields["look"]
    if "domain" not in merged or "domain" in content:
        merged["domain"] = fields.get("domain", content.get("domain"))
    if merged["domain"] == Domain.MEDICAL.value:
        merged.setdefault("caution", content.get("caution", CAUTION))
    elif "caution" in content:
        merged.setdefault("caution", content["caution"])
    return merged
