"""``python -m training.export preset RUN... --out FOLDER``: a preset folder made of a base preset and trained parts.

``--preset FOLDER`` then uses it everywhere. Later runs win over earlier ones where both trained the same part; parts that no
run trained are copied from the base preset. ``python -m training.export merge PARTS --preset NAME --out FOLDER`` adds a LoRA into
the weights of its base model and writes a plain transformers folder. ``python -m training.export lora PARTS --out FOLDER``
writes the LoRA alone, as vLLM and llama.cpp load it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from assistant.errors import AssistantError
from training.runs.preset_folder import export_preset


def main(arguments: Sequence[str] | None = None, program: str = "python -m training.export") -> int:
    """Command line. Exit code 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    preset = kinds.add_parser("preset", help="a preset folder of a base preset and the parts of runs")
    preset.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folders; later ones win")
    preset.add_argument("--out", type=Path, required=True, help="folder of the preset")
    preset.add_argument("--base", help="preset the other parts come from (default: that of the first run)")
    preset.add_argument("--name", help="of the new preset (default: the folder's)")
    merge = kinds.add_parser("merge", help="a plain transformers folder of a base model and its LoRA")
    merge.add_argument("parts", type=Path, help="run folder, or folder of language parts")
    merge.add_argument("--preset", help="whose language model (default: that of the run)")
    merge.add_argument("--out", type=Path, required=True, help="folder of the model")
    lora = kinds.add_parser("lora", help="the LoRA alone, for vLLM (PEFT's layout) and for llama.cpp")
    lora.add_argument("parts", type=Path, help="run folder, or folder of language parts")
    lora.add_argument("--preset", help="whose language model (default: that of the run)")
    lora.add_argument("--base-name", help="what the programs that load it call the base model")
    lora.add_argument("--out", type=Path, required=True, help="folder of the LoRA")
    args = parser.parse_args(arguments)
    try:
        if args.kind == "preset":
            print(f"preset in {export_preset(args.runs, args.out, args.base, args.name)}")
        elif args.kind == "lora":
            from training.language.lora_folder import write_lora

            for path in write_lora(args.parts, args.out, args.preset, args.base_name):
                print(path)
        else:
            from training.language.merge_lora import merge_parts

            print(f"model in {merge_parts(args.parts, args.out, args.preset)}")
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
