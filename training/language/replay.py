"""General prompts, and the base model's own greedy answers to them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
import yaml

from assistant.errors import DataSetError
from assistant.files.text import decoded
from assistant.files.yaml_text import parse_yaml
from assistant.language.tokens.chat_template import LabelledIds, Renderer, collate
from assistant.language.tokens.generation import LIKELIEST


def read_prompts(path: Path, part: str | None = None) -> list[str]:
    """General prompts of a file, each once.

    Args:
        path: a text file, a prompt a line, or YAML.
        part: the key of the prompts in a YAML mapping; all when None.

    Raises:
        DataSetError: unreadable, no such part, or no prompt in it.
    """
    try:
        text = decoded(path.read_bytes(), str(path))
        raw: Any = parse_yaml(text) if path.suffix in (".yaml", ".yml") else text.splitlines()
    except (OSError, yaml.YAMLError, RecursionError) as error:
        raise DataSetError("a readable file of prompts", f"{path} ({str(error).splitlines()[0]})", "mend it") from error
    if part is not None:
        if not isinstance(raw, dict) or part not in raw:
            parts = ", ".join(map(str, raw)) if isinstance(raw, dict) else "no parts"
            raise DataSetError(f"prompts of the part {part}", f"{path.name} with {parts}", "name another part")
        raw = raw[part]
    prompts = list(dict.fromkeys(text.strip() for text in _texts(raw) if text.strip()))
    if not prompts:
        raise DataSetError("at least one prompt", f"none in {path.name}", "write one a line")
    return prompts


def _texts(raw: Any) -> Iterable[str]:
    if isinstance(raw, str):
        yield raw
    elif isinstance(raw, dict):
        for value in raw.values():
            yield from _texts(value)
    elif isinstance(raw, list):
        for value in raw:
            yield from _texts(value)


def replayed(model: Any, renderer: Renderer, prompts: list[str], longest: int) -> list[dict[str, Any]]:
    """Greedy answers to a batch of prompts."""
    rows = [LabelledIds(ids, ids) for ids in map(renderer.bare, prompts)]
    batch = collate(rows, renderer.tokenizer.pad_token_id, "left")
    end = renderer.end_ids[0]
    with torch.inference_mode():
        out = model.generate(
            batch.input_ids.to(model.device),
            attention_mask=batch.attention_mask.to(model.device),
            max_new_tokens=longest,
            **LIKELIEST,
            pad_token_id=renderer.tokenizer.pad_token_id,
            eos_token_id=end,
        )
    made = []
    for prompt, written in zip(prompts, out[:, batch.input_ids.shape[1] :].tolist(), strict=True):
        ended = end in written
        answer = renderer.tokenizer.decode(written[: written.index(end)] if ended else written)
        made.append({"prompt": prompt, "answer": answer, "ended": ended})
    return made
