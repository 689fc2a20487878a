"""The command ``evaluate``: options in, measuring out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assistant.cli import options
from assistant.errors import ConfigError
from assistant.inquiry import Inquiry


def evaluate(
    sets: Annotated[
        list[Path],
        typer.Argument(
            metavar="SET_DIR...", help="Folders in the MVTec layout; with --qa the one its paths start from."
        ),
    ],
    shots: Annotated[
        list[str] | None,
        typer.Option("--shots", help="References: a number, all, or mutual; repeat [0, 1, 4; with --qa 1]."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Draws of the references, from 0; their mean is reported.")] = 3,
    own_references: Annotated[
        str | None,
        typer.Option(metavar="DIR_NAME", help="Folder of the set with an own reference for each test picture."),
    ] = None,
    own_missing: Annotated[
        options.OwnMissing, typer.Option(help="For a test picture without an own reference.")
    ] = options.OwnMissing.REFUSE,
    fixed_camera: options.FixedCamera = False,
    object_name: options.ObjectName = None,
    look_for: options.LookFor = None,
    types: options.Types = None,
    score: options.ScoreName = options.ScoreOption.BLEND,
    domain: options.DomainName = None,
    qa: options.QaFile = None,
    templates: options.Templates = options.TemplatesOption.RANDOM,
    evidence: options.EvidenceName = None,
    language: options.AskLanguage = True,
    domain_knowledge: options.DomainKnowledge = None,
    limit: options.Limit = None,
    preset: options.PresetName = "mini",
    device: options.Device = None,
    predictions: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write results.jsonl and maps of each run below this.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Report: FILE.md and FILE.json.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Measure on folders of labelled pictures, or with --qa on multiple-choice questions."""
    inquiry = Inquiry(
        object_name=object_name,
        look_for=tuple(look_for or ()),
        types=tuple(types or ()),
        domain=domain,
        fixed_camera=fixed_camera,
        score=score.value,
    )
    from assistant.pipeline import Assistant

    if qa is not None:
        from assistant.evaluation import questions_command as qa_command

        if len(sets) != 1:
            raise ConfigError(
                "one SET_DIR with --qa", f"{len(sets)}", "name the folder that the file's paths start from"
            )
        questions = qa_command.QaOptions(
            file=qa,
            root=sets[0],
            shots=tuple(shots or ("1",)),
            templates=templates.value,
            evidence=None if evidence is None else evidence.value,
            language=language,
            knowledge=domain_knowledge,
            limit=limit,
            inquiry=inquiry,
            output=output,
        )
        raise typer.Exit(qa_command.run(Assistant.load(preset, device=device), questions, json))
    from assistant.evaluation.command import EvaluateOptions, run

    asked = EvaluateOptions(
        sets=tuple(sets),
        shots=tuple(shots or ("0", "1", "4")),
        seeds=seeds,
        own_references=own_references,
        own_missing=own_missing.value,
        inquiry=inquiry,
        predictions=predictions,
        output=output,
    )
    run(Assistant.load(preset, device=device), asked, json)
