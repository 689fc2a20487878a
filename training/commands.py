"""The commands that this package adds to ``anomaly-assistant``; their modules are imported when they are called."""

from __future__ import annotations

from assistant.cli.registered import ModuleCommand

_TRAINING = "Training"
_MEASURING = "Measuring"

check = ModuleCommand("training.check", "What a recipe will do, before an hour is spent on it.", _TRAINING)
train = ModuleCommand(
    "training.train", "Run a recipe in one process; accelerate launch -m training.train runs it in several.", _TRAINING
)
predict = ModuleCommand(
    "training.predict", "Maps and inspections of data sets, for the language model to learn from.", _TRAINING
)
replay = ModuleCommand(
    "training.replay", "The base language model's own answers, kept by learning them too.", _TRAINING
)
export = ModuleCommand(
    "training.export", "Trained parts as a preset folder, a LoRA merged into its model or alone.", _TRAINING
)
index_acts = ModuleCommand(
    "training.index_acts", "What tells the acts of a question apart, fitted to their phrasings.", _TRAINING
)
evaluate_language = ModuleCommand("training.evaluate_language", "Measure the language model of a preset.", _MEASURING)
benchmark_batch = ModuleCommand(
    "training.benchmark_batch", "Speed of a batch run against the bare encoder.", _MEASURING
)
benchmark_train = ModuleCommand("training.benchmark_train", "Speed of a training run against a bare loop.", _MEASURING)
benchmark_gpu = ModuleCommand(
    "training.benchmark_gpu", "Speed, memory and agreement on a GPU, measured unattended.", _MEASURING
)
benchmark_volumes = ModuleCommand(
    "training.benchmark_volumes", "How well whole scans are told apart, on built ones.", _MEASURING
)
