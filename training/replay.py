"""``python -m training.replay PROMPTS --out FILE``: the base model's own greedy answers to general prompts.

Learning from them beside new conversations keeps what the base model could do before. ``PROMPTS`` is a text file, a prompt a
line, or a YAML list (or mapping of lists). Rows: ``{"prompt", "answer", "ended"}``; ``ended`` is false for an answer that
was cut at the longest length. Goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
import yaml
from rich.progress import track

from assistant.config import load_preset
from assistant.errors import AssistantError, DataSetError
from assistant.language.models.mini_parts import base_folder, load_base
from assistant.language.tokens.chat_template import Rendered, Renderer, collate


def read_prompts(path: Path, part: str | None = None) -> list[str]:
    """General prompts of a file, each once.

    Args:
        path: a text file, a prompt a line, or YAML.
        part: the key of the prompts in a YAML mapping; all when None.

    Raises:
        DataSetError: unreadable, no such part, or no prompt in it.
    """
    try:
        text = path.read_text(encoding="utf-8")
        raw: Any = yaml.safe_load(text) if path.suffix in (".yaml", ".yml") else text.splitlines()
    except (OSError, yaml.YAMLError) as error:
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
    rows = [Rendered(ids, ids) for ids in map(renderer.bare, prompts)]
    batch = collate(rows, renderer.tokenizer.pad_token_id, "left")
    end = renderer.end_ids[0]
    with torch.inference_mode():
        out = model.generate(
            batch.input_ids.to(model.device),
            attention_mask=batch.attention_mask.to(model.device),
            max_new_tokens=longest,
            do_sample=False,
            pad_token_id=renderer.tokenizer.pad_token_id,
            eos_token_id=end,
        )
    made = []
    for prompt, written in zip(prompts, out[:, batch.input_ids.shape[1] :].tolist(), strict=True):
        ended = end in written
        answer = renderer.tokenizer.decode(written[: written.index(end)] if ended else written)
        made.append({"prompt": prompt, "answer": answer, "ended": ended})
    return made


def main(arguments: list[str] | None = None) -> int:
    """Command line. Exit code 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(prog="training.replay", description=__doc__)
    parser.add_argument("prompts", type=Path, help="text or YAML file")
    parser.add_argument("--out", type=Path, required=True, help="JSON Lines file")
    parser.add_argument("--part", help="key of the prompts in a YAML mapping (default: all of them)")
    parser.add_argument("--preset", default="mini", help="whose base model answers")
    parser.add_argument("--limit", type=int, help="prompts at most")
    parser.add_argument("--longest", type=int, default=96, help="tokens of an answer at most")
    parser.add_argument("--batch-size", type=int, default=16)
    args = parser.parse_args(arguments)
    try:
        from assistant.towers.precision import best_dtype

        preset, _ = load_preset(args.preset)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        model, tokenizer = load_base(base_folder(preset.language)[0], best_dtype("auto", device))
        model.to(device)
        lines = args.out.read_text(encoding="utf-8").split("\n")[:-1] if args.out.exists() else []
        known = {json.loads(line)["prompt"] for line in lines}
        prompts = sorted((p for p in read_prompts(args.prompts, args.part)[: args.limit] if p not in known), key=len)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        renderer = Renderer(tokenizer)
        with args.out.open("a", encoding="utf-8") as out:
            for start in track(range(0, len(prompts), args.batch_size), "answering", disable=len(prompts) < 8):
                batch = prompts[start : start + args.batch_size]
                for row in replayed(model, renderer, batch, args.longest):
                    out.write(json.dumps(row) + "\n")
                out.flush()
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
