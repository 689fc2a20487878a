"""``accelerate launch -m training.train --config FILE [--set key=value] [--resume]``: a stage from a YAML recipe."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from assistant.errors import AssistantError
from training.log import shown_log
from training.runs.recipe import Call, LanguageRecipe, read_recipe


@shown_log()
def main(arguments: Sequence[str] | None = None, program: str = "accelerate launch -m training.train") -> int:
    """Run a recipe. Exit code 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="YAML recipe")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override one value; repeatable"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint of this run folder")
    given = sys.argv[1:] if arguments is None else arguments
    args = parser.parse_args(given)
    call = Call(f"{program} {shlex.join(given)}", args.resume)
    try:
        recipe = read_recipe(args.config, args.set)
        if isinstance(recipe, LanguageRecipe):
            from training.language.run import run_language

            run_language(recipe, call)
        elif recipe.stage == "weigh":
            from training.localizer.run_weigh import run_weigh

            run_weigh(recipe, call)
        else:
            from training.localizer.run import run_localize

            run_localize(recipe, call)
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
