"""The commands that this package adds to ``anomaly-assistant``; their modules are imported when they are called."""

from __future__ import annotations

from assistant.cli.registered import ModuleCommand

_DATA = "Data sets"

build = ModuleCommand("data_builders.build", "Pictures with synthetic defects, masks and descriptions.", _DATA)
preview = ModuleCommand("data_builders.preview", "A contact sheet of what a configuration builds.", _DATA)
dialogues = ModuleCommand("data_builders.dialogues", "Conversations about the pictures of a data set.", _DATA)
convert = ModuleCommand(
    "data_builders.convert",
    "Other layouts in and out: shards, MVTec, VisA, COCO, CVAT, YOLO and more.",
    _DATA,
)
publish = ModuleCommand("data_builders.publish", "A data set with a card, for others.", _DATA)
collect = ModuleCommand("data_builders.collect", "Usable surface textures out of a pile of pictures.", _DATA)
volumes = ModuleCommand("data_builders.volumes", "Head phantoms in three dimensions, half with a lesion.", _DATA)
benchmark = ModuleCommand("data_builders.benchmark", "Speed of the builders.", "Measuring")
fuzz = ModuleCommand("data_builders.fuzz", "Broken files for every reader.", "Measuring")
