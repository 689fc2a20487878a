"""Trackers of accelerate's by name: numbers of a run to TensorBoard, Weights & Biases, Trackio or MLflow."""

from __future__ import annotations

from importlib.util import find_spec

from assistant.errors import ConfigError

TRACKERS = ("tensorboard", "wandb", "trackio", "mlflow")


def tracker_of(name: str) -> str | None:
    """The tracker to use; None for no tracker. ``auto`` is TensorBoard where it is installed.

    Raises:
        ConfigError: an unknown name, or a tracker that is not installed.
    """
    if name == "none":
        return None
    if name == "auto":
        return "tensorboard" if find_spec("tensorboard") else None
    if name not in TRACKERS:
        raise ConfigError(f"a tracker of none, auto, {', '.join(TRACKERS)}", name, "mend `loop.tracker`")
    if find_spec(name) is None:
        raise ConfigError(f"the package {name} for `loop.tracker`", "none", f"pip install {name}, or set another")
    return name
