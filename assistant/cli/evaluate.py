"""The command ``evaluate``: options in, measuring out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.parameters import option_groups as groups
from assistant.cli.parameters import options
from assistant.cli.parameters.option_groups import Model, ReferenceDraws, takes
from assistant.errors import ConfigError
from assistant.inquiry import Inquiry

if TYPE_CHECKING:
    from assistant.evaluation.questions_command import QaOptions


@takes(
    drawn=groups.drawn_of, inquiry=groups.inquiry_of, on_questions=groups.question_set_of, model=groups.talking_model_of
)
def evaluate(
    sets: Annotated[
        list[Path],
        typer.Argument(
            metavar="SET_DIR...", help="Folders in the MVTec layout; with --qa the one its paths start from."
        ),
    ],
    drawn: ReferenceDraws,
    inquiry: Inquiry,
    on_questions: Callable[..., QaOptions] | None,
    model: Model,
    predictions: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write results.jsonl and maps of each run below this.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Report: FILE.md and FILE.json.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Measure on folders of labelled pictures, or with --qa on multiple-choice questions."""
    if on_questions is not None:
        from assistant.evaluation import questions_command

        if len(sets) != 1:
            raise ConfigError(
                "one SET_DIR with --qa", f"{len(sets)}", "name the folder that the file's paths start from"
            )
        asked = on_questions(root=sets[0], shots=drawn.shots or ("1",), inquiry=inquiry, output=output)
        raise typer.Exit(questions_command.run(model.load(), asked, json))
    from assistant.evaluation.command import EvaluateOptions, run

    wanted = EvaluateOptions(
        sets=tuple(sets),
        shots=drawn.shots or ("0", "1", "4"),
        seeds=drawn.seeds,
        own_references=drawn.own_references,
        own_missing=drawn.own_missing,
        inquiry=inquiry,
        predictions=predictions,
        output=output,
    )
    run(model.load(), wanted, json)
