"""``python -m training.replay PROMPTS --out FILE``: the base model's own greedy answers to general prompts.

Learning from them beside new conversations keeps what the base model could do before. ``PROMPTS`` is a text file, a prompt a
line, or a YAML list (or mapping of lists). Rows: ``{"prompt", "answer", "ended"}``; ``ended`` is false for an answer that
was cut at the longest length. Goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.progress import track

from assistant.config import load_preset
from assistant.errors import AssistantError
from assistant.language.models.mini_parts import base_folder, load_base
from assistant.language.tokens.chat_template import Renderer
from training.language.replay import read_prompts, replayed


def main(arguments: Sequence[str] | None = None, program: str = "python -m training.replay") -> int:
    """Command line. Exit code 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
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
