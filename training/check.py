"""``python -m training.check --config RECIPE [--set key=value]``: what a run will do, before an hour is spent on it.

Reads all data, runs two optimizer steps, a validation, a save and a load in a temporary folder, and says what is trained, how
long conversations are, how much memory it takes, and about how long the whole run will take. The recipe's own folders are left
as they are.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path

from assistant.errors import AssistantError
from training.log import shown_log
from training.runs.check_report import CheckReport
from training.runs.recipe import LanguageRecipe, Recipe, read_recipe


def check(recipe: Recipe | LanguageRecipe, sheet: Path | None = None) -> CheckReport:
    """Look at a recipe's data and run two steps of it.

    Raises:
        AssistantError: whatever would have stopped the run.
    """
    with tempfile.TemporaryDirectory(prefix="check-") as folder, redirect_stdout(sys.stderr):
        if isinstance(recipe, LanguageRecipe):
            from training.language.check import check_language

            return check_language(recipe, Path(folder))
        from training.localizer.check import check_localize

        return check_localize(recipe, Path(folder), sheet)


@shown_log()
def main(arguments: Sequence[str] | None = None, program: str = "python -m training.check") -> int:
    """Command line. Exit code 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="YAML recipe")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override one value; repeatable"
    )
    parser.add_argument("--sheet", type=Path, help="write a contact sheet of the pictures here (stage localize)")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
    args = parser.parse_args(arguments)
    try:
        report = check(read_recipe(args.config, args.set), args.sheet)
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps(asdict(report)) if args.json else "\n".join(report.lines()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
