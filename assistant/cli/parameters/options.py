"""The options that commands share: their names and help."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from assistant.types import Domain


class ModeOption(StrEnum):
    """Which evidence may be used."""

    AUTO = "auto"
    ZERO_SHOT = "zero-shot"
    FEW_SHOT = "few-shot"


class ScoreOption(StrEnum):
    """How the map and the detection head become one number."""

    BLEND = "blend"
    TOP1 = "top1"
    MAX = "max"
    P99 = "p99"


class OwnMissing(StrEnum):
    """What serves a test picture that has no own reference."""

    REFUSE = "refuse"
    ZERO_SHOT = "zero-shot"
    ITSELF = "itself"


class TemplatesOption(StrEnum):
    """Which of a question file's normal pictures are references."""

    RANDOM = "random"
    SIMILAR = "similar"


class EvidenceOption(StrEnum):
    """How the language model is told of the anomaly map."""

    OFF = "off"
    TEXT = "text"
    EMBEDDINGS = "embeddings"
    BOTH = "both"


class PicturesOption(StrEnum):
    """Whether a language model is shown pictures."""

    AUTO = "auto"
    YES = "yes"
    NO = "no"


class BitsOption(StrEnum):
    """In how many bits a language model is loaded."""

    FOUR = "4"
    EIGHT = "8"


class BatchModeOption(StrEnum):
    """Which evidence may be used in a batch run."""

    AUTO = "auto"
    ZERO_SHOT = "zero-shot"
    FEW_SHOT = "few-shot"
    MUTUAL = "mutual"


class EngineOption(StrEnum):
    """What does the work of a batch run."""

    LOCAL = "local"
    RAY = "ray"


_EVIDENCE = "Evidence"
_OUTPUT = "Output"
_MODEL = "Model"
_LANGUAGE = "Language model"
_SPEECH = "Speech"
_INPUT = "Input"
_RUN = "Run"
_QUESTIONS = "Questions"

Images = Annotated[
    list[str],
    typer.Argument(metavar="IMAGE...", help="Pictures and scans; a folder stands for the pictures and series in it."),
]
Image = Annotated[str, typer.Argument(metavar="IMAGE", help="A picture; DICOM and NIfTI take path::frame=12.")]
References = Annotated[
    list[str] | None,
    typer.Option("--references", metavar="PATH", help="Normal picture or folder; repeat.", rich_help_panel=_EVIDENCE),
]
AnomalousReferences = Annotated[
    list[str] | None,
    typer.Option(
        "--anomalous-reference",
        metavar="PATH",
        help="Picture that shows the defect; repeat.",
        rich_help_panel=_EVIDENCE,
    ),
]
AnomalousMasks = Annotated[
    list[str] | None,
    typer.Option(
        "--anomalous-mask",
        metavar="PATH",
        help="Mask of each --anomalous-reference, in their order (0 where normal, anything else where anomalous); repeat.",
        rich_help_panel=_EVIDENCE,
    ),
]
ProfilePath = Annotated[
    str | None, typer.Option("--profile", metavar="FILE", help="Saved by profile build.", rich_help_panel=_EVIDENCE)
]
ObjectName = Annotated[
    str | None,
    typer.Option("--object", metavar="NAME", help="What the pictures show, in words.", rich_help_panel=_EVIDENCE),
]
LookFor = Annotated[
    list[str] | None,
    typer.Option("--look-for", metavar="TEXT", help="Phrase of what to look for; repeat.", rich_help_panel=_EVIDENCE),
]
Types = Annotated[
    list[str] | None,
    typer.Option(
        "--type", metavar="NAME", help="Kind that a region may be, instead of ours; repeat.", rich_help_panel=_EVIDENCE
    ),
]
ModeName = Annotated[
    ModeOption, typer.Option("--mode", help="auto uses references when given.", rich_help_panel=_EVIDENCE)
]
FixedCamera = Annotated[
    bool,
    typer.Option(
        "--fixed-camera/--no-fixed-camera",
        help="References are aligned with the pictures: compare like places only.",
        rich_help_panel=_EVIDENCE,
    ),
]
ScoreName = Annotated[
    ScoreOption, typer.Option("--score", help="How the image score is made.", rich_help_panel=_EVIDENCE)
]
Overkill = Annotated[
    float,
    typer.Option(
        "--overkill",
        help="With references: share of normal pictures that may be called anomalous.",
        rich_help_panel=_EVIDENCE,
    ),
]
DomainName = Annotated[
    Domain | None, typer.Option("--domain", help="Vocabulary; from the file when left out.", rich_help_panel=_EVIDENCE)
]
KindExamples = Annotated[
    str | None,
    typer.Option(
        "--kind-examples",
        metavar="FILE",
        help="Examples that regions take their kinds from, saved by groups name.",
        rich_help_panel=_EVIDENCE,
    ),
]
DetailName = Annotated[
    str,
    typer.Option(
        "--detail",
        metavar="auto|overview|full|PIXELS",
        help="How closely is looked: in large pictures at promising tiles too, once, at every tile, or for things of so many "
        "pixels.",
        rich_help_panel=_EVIDENCE,
    ),
]
MmPerPixel = Annotated[
    str | None,
    typer.Option(
        "--mm-per-pixel",
        metavar="X|X,Y",
        help="Scale: millimetres a pixel, or across and down; from DICOM and NIfTI files when left out.",
        rich_help_panel=_EVIDENCE,
    ),
]
RuleOption = Annotated[
    str | None,
    typer.Option(
        "--rule",
        metavar="FILE|TEXT",
        help="Your own rule of what is rejected: a YAML file, or words such as 'reject any crack over 2 mm'.",
        rich_help_panel=_EVIDENCE,
    ),
]
MaxMegapixels = Annotated[
    float, typer.Option("--max-megapixels", help="Larger pictures are refused.", rich_help_panel=_MODEL)
]
PresetName = Annotated[
    str, typer.Option("--preset", metavar="NAME|PATH", help="Name, YAML file or folder.", rich_help_panel=_MODEL)
]
LanguageName = Annotated[
    str | None,
    typer.Option(
        "--language",
        metavar="NAME|FOLDER|URL",
        help="Language model instead of the preset's: of the hub, of a folder, or a server such as http://127.0.0.1:8080/v1.",
        rich_help_panel=_LANGUAGE,
    ),
]
NoLanguage = Annotated[
    bool,
    typer.Option(
        "--no-language", help="No language model: what was measured, in plain sentences.", rich_help_panel=_LANGUAGE
    ),
]
ModelName = Annotated[
    str | None,
    typer.Option(
        "--model", metavar="NAME", help="Of a server: which of its models; needed where it has several.",
        rich_help_panel=_LANGUAGE,
    ),
]  # fmt: skip
Pictures = Annotated[
    PicturesOption,
    typer.Option("--pictures", help="Whether that model is shown pictures; auto finds out.", rich_help_panel=_LANGUAGE),
]
AllowRemote = Annotated[
    bool,
    typer.Option(
        "--allow-remote",
        help="The server may be another machine: pictures, findings and questions are sent to it.",
        rich_help_panel=_LANGUAGE,
    ),
]
InFlight = Annotated[
    int,
    typer.Option(
        "--in-flight", min=1, max=256, help="Requests to a server at once, in all.", rich_help_panel=_LANGUAGE
    ),
]
Bits = Annotated[
    BitsOption | None,
    typer.Option(
        "--language-bits", help="Load --language in 4 or 8 bits; needs the extra quantized.", rich_help_panel=_LANGUAGE
    ),
]
Audio = Annotated[
    list[Path] | None,
    typer.Option("--audio", metavar="FILE", help="A question as recorded speech; repeat.", rich_help_panel=_SPEECH),
]
Speech = Annotated[
    Path | None,
    typer.Option(
        "--speech", metavar="FOLDER", help="Whisper model that hears (CTranslate2) instead of tiny.en.",
        rich_help_panel=_SPEECH,
    ),
]  # fmt: skip
Device = Annotated[
    str | None, typer.Option("--device", help="cpu, cuda, cuda:1, mps; found when left out.", rich_help_panel=_MODEL)
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Write overlays, maps and results.jsonl.", rich_help_panel=_OUTPUT),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.", rich_help_panel=_OUTPUT)]
Reason = Annotated[
    bool,
    typer.Option(
        "--reason", help="Reason the verdict out: look, compare, conclude, with regions.", rich_help_panel=_OUTPUT
    ),
]
Caption = Annotated[
    bool, typer.Option("--caption/--no-caption", help="The finding in plain words.", rich_help_panel=_OUTPUT)
]


Volumes = Annotated[
    bool,
    typer.Option(
        "--volumes/--no-volumes",
        help="A NIfTI volume, or the DICOM slices of a series, is one scan; or one slice, or a picture a file.",
        rich_help_panel=_INPUT,
    ),
]
Axes = Annotated[
    str | None,
    typer.Option(
        "--axes",
        metavar="all|N[,N]",
        help="Axes a scan is looked along: 0 left to right, 1 back to front, 2 feet to head; as taken when left out.",
        rich_help_panel=_INPUT,
    ),
]
ScoreVolume = Annotated[
    Path | None,
    typer.Option(
        "--score-volume",
        metavar="FILE",
        help="Scores of one scan as NIfTI (.nii.gz) that opens over it.",
        rich_help_panel=_OUTPUT,
    ),
]
Segmentation = Annotated[
    Path | None,
    typer.Option(
        "--segmentation",
        metavar="FILE",
        help="Regions of one scan of DICOM slices as a DICOM segmentation (.dcm).",
        rich_help_panel=_OUTPUT,
    ),
]


class WriterOption(StrEnum):
    """Who writes captions."""

    EVIDENCE = "evidence"
    MODEL = "model"


CaptionBy = Annotated[
    WriterOption,
    typer.Option(
        "--caption-by",
        help="evidence: the numbers put into words, at once; model: the language model, seconds a picture on a CPU.",
        rich_help_panel=_OUTPUT,
    ),
]

QaFile = Annotated[
    Path | None,
    typer.Option(
        "--qa",
        metavar="FILE",
        help="Multiple-choice questions in MMAD's format; SET_DIR is the folder its paths start from.",
        rich_help_panel=_QUESTIONS,
    ),
]
Templates = Annotated[
    TemplatesOption, typer.Option("--templates", help="References of the file to use.", rich_help_panel=_QUESTIONS)
]
EvidenceNames = Annotated[
    list[EvidenceOption] | None,
    typer.Option(
        "--evidence",
        help="How the language model is told of the map; repeat to compare [as it answers elsewhere, and off].",
        rich_help_panel=_QUESTIONS,
    ),
]
DomainKnowledge = Annotated[
    Path | None,
    typer.Option(
        "--domain-knowledge", metavar="FILE", help="JSON that is said before each question.", rich_help_panel=_QUESTIONS
    ),
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", min=1, help="Pictures at most, spread over the file.", rich_help_panel=_QUESTIONS),
]

BatchMode = Annotated[
    BatchModeOption,
    typer.Option("--mode", help="mutual: pictures judge each other, no references.", rich_help_panel=_EVIDENCE),
]
Inputs = Annotated[
    list[str] | None,
    typer.Argument(metavar="[INPUT...]", help="Pictures, folders, patterns in quotes, or - for a list on stdin."),
]
ListFiles = Annotated[
    list[Path] | None,
    typer.Option("--list", metavar="FILE", help="File with a path a line; repeat.", rich_help_panel=_INPUT),
]
Manifest = Annotated[
    Path | None,
    typer.Option(
        "--manifest",
        metavar="FILE",
        help="CSV or JSONL with source, and each picture's own object_name and references.",
        rich_help_panel=_INPUT,
    ),
]
Slices = Annotated[
    bool | None,
    typer.Option(
        "--slices/--no-slices",
        help="A volume, or a TIFF of pages, stands for all its slices, or for one; left out, a volume has one row of its own.",
        rich_help_panel=_INPUT,
    ),
]
FollowLinks = Annotated[
    bool,
    typer.Option("--follow-links", help="Linked folders are walked too, each folder once.", rich_help_panel=_INPUT),
]
Everything = Annotated[
    bool,
    typer.Option(
        "--yes-everything",
        help="The root of the machine or a home folder is meant as it stands.",
        rich_help_panel=_INPUT,
    ),
]
ResultsOut = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Folder of the results.", rich_help_panel=_OUTPUT)
]
SaveMaps = Annotated[
    bool, typer.Option("--save-maps/--no-save-maps", help="16-bit map of each picture.", rich_help_panel=_OUTPUT)
]
SaveOverlays = Annotated[
    bool, typer.Option("--save-overlays/--no-save-overlays", help="Overlay of each picture.", rich_help_panel=_OUTPUT)
]
GroupRegions = Annotated[
    bool,
    typer.Option(
        "--group/--no-group", help="Group regions that no known kind fits, with a sheet.", rich_help_panel=_OUTPUT
    ),
]
QuestionFile = Annotated[
    Path | None,
    typer.Option(
        "--questions", metavar="FILE", help="A question a line, asked of each picture.", rich_help_panel=_OUTPUT
    ),
]
Coco = Annotated[
    bool,
    typer.Option(
        "--coco", help="Also results.coco.json; with --save-maps its shapes are exact.", rich_help_panel=_OUTPUT
    ),
]
CocoLike = Annotated[
    Path | None,
    typer.Option(
        "--coco-like",
        metavar="FILE",
        help="Also results.coco.json, with the ids of this COCO file, so that pycocotools can compare them.",
        rich_help_panel=_OUTPUT,
    ),
]
Csv = Annotated[bool, typer.Option("--csv", help="Also results.csv, a line a region.", rich_help_panel=_OUTPUT)]
Parquet = Annotated[bool, typer.Option("--parquet", help="Also results.parquet.", rich_help_panel=_OUTPUT)]
ShardName = Annotated[
    str | None,
    typer.Option("--shard", metavar="I/N", help="Part I of N of the pictures; join with merge.", rich_help_panel=_RUN),
]
EngineName = Annotated[EngineOption, typer.Option("--engine", help="ray needs the extra.", rich_help_panel=_RUN)]
Restart = Annotated[bool, typer.Option("--restart/--resume", help="Begin anew, or go on.", rich_help_panel=_RUN)]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Inspect again what ended in an error.", rich_help_panel=_RUN)
]
BatchSize = Annotated[
    str, typer.Option("--batch-size", metavar="N|auto", help="Pictures encoded together.", rich_help_panel=_RUN)
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=0, help="Processes; 0 is this one; chosen when left out.", rich_help_panel=_RUN),
]
Chunk = Annotated[
    int, typer.Option("--chunk", min=2, help="Pictures that judge each other in mutual mode.", rich_help_panel=_RUN)
]
Shots = Annotated[
    list[str] | None,
    typer.Option("--shots", help="References: a number, all, or mutual; repeat [0, 1, 4; with --qa 1]."),
]
Seeds = Annotated[int, typer.Option("--seeds", min=1, help="Draws of the references, from 0; their mean is reported.")]
OwnReferences = Annotated[
    str | None,
    typer.Option(
        "--own-references", metavar="DIR_NAME", help="Folder of the set with an own reference for each test picture."
    ),
]
OwnMissingName = Annotated[
    OwnMissing, typer.Option("--own-missing", help="For a test picture without an own reference.")
]
