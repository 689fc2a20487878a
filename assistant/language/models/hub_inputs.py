"""Pictures as transformers image-text-to-text models take them: tokens and further inputs, by the model's own processor."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from assistant.language.tokens.chat_template import find_block

LONGEST_SIDE = 1024
"""Larger pictures are made smaller first: several families spend a token on every few pixels."""
TYPES = "mm_token_type_ids"
"""Input that says of every token whether it is text or a picture's."""


@dataclass(frozen=True, eq=False)
class ImageInput:
    """A picture as a model takes it.

    Args:
        ids: its tokens in the prompt, with whatever surrounds them.
        inputs: further inputs of the model; ``mm_token_type_ids`` of the tokens alone where the model has them.
    """

    ids: tuple[int, ...]
    inputs: dict[str, Tensor]


Looker = Callable[[Sequence[np.ndarray]], tuple[list[ImageInput], dict[str, Tensor]]]
"""Maps pictures, RGB (height, width, 3), uint8, to their tokens and the model's inputs for all of them in one batch."""


def model_inputs(
    images: Mapping[int, ImageInput], inputs: Mapping[str, Tensor], ids: Tensor, device: torch.device
) -> dict[str, Tensor]:
    """Inputs beside ``input_ids`` for prompts read from their start; token types are laid out over the whole prompts.

    Args:
        images: pictures by the row of their prompt.
        inputs: of all pictures together.
        ids: of the prompts, (batch, length), padded at any side.
        device: of the model.
    """
    placed = {name: value.to(device) for name, value in inputs.items() if name != TYPES}
    types = token_types(images, ids)
    return placed if types is None else {**placed, TYPES: types.to(device)}


def token_types(images: Mapping[int, ImageInput], ids: Tensor) -> Tensor | None:
    """Of every token whether it is text or a picture's; None where the model does not ask."""
    if not any(TYPES in image.inputs for image in images.values()):
        return None
    types = torch.zeros(ids.shape, dtype=next(iter(images.values())).inputs[TYPES].dtype)
    for row, image in images.items():
        start = find_block(ids[row].tolist(), image.ids)
        types[row, start : start + len(image.ids)] = image.inputs[TYPES][0].cpu()
    return types


def processor_look(processor: Any) -> Looker:
    """How a transformers processor takes pictures; one thread at a time.

    Its tokenizer keeps its padding in itself, so the copy here is not the one that conversations are rendered by.
    """
    own, text, lock = deepcopy(processor), image_text(processor), threading.Lock()

    def look(pictures: Sequence[np.ndarray]) -> tuple[list[ImageInput], dict[str, Tensor]]:
        with lock:
            return look_at(own, text, pictures)

    return look


def look_at(processor: Any, text: str, pictures: Sequence[np.ndarray]) -> tuple[list[ImageInput], dict[str, Tensor]]:
    """Several pictures as a model takes them in one batch.

    Args:
        processor: of the model.
        text: what stands for a picture, from :func:`image_text`.
        pictures: RGB pixels (height, width, 3), uint8, each.

    Returns:
        Each picture's tokens (with the whole inputs where it is one picture), and the inputs of all together.
    """
    from PIL import Image

    images = []
    for pixels in pictures:
        image = Image.fromarray(pixels)
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        images.append([image])
    made = processor(
        text=[text] * len(images), images=images, return_tensors="pt", add_special_tokens=False, padding=True
    )
    inputs = {k: v for k, v in made.items() if k not in ("input_ids", "attention_mask", TYPES)}
    found = []
    for number, kept in enumerate(made["attention_mask"].bool()):
        ids = tuple(int(i) for i in made["input_ids"][number][kept])
        own = {TYPES: made[TYPES][number : number + 1, kept]} if TYPES in made else {}
        found.append(ImageInput(ids, own | (inputs if len(images) == 1 else {})))
    return found, inputs


def image_text(processor: Any) -> str:
    """What a processor's chat template writes for a picture before a user's words."""
    word = {"type": "text", "text": "Wfirst"}

    def before(content: list[dict[str, str]]) -> str:
        message = [{"role": "user", "content": content}]
        text = str(processor.apply_chat_template(message, tokenize=False, add_generation_prompt=True))
        return text.partition("Wfirst")[0]

    shown, plain = before([{"type": "image"}, word]), before([word])
    alike = 0
    while alike < min(len(shown), len(plain)) and shown[alike] == plain[alike]:
        alike += 1
    return shown[alike:].rstrip(" ")


def end_of_turn(processor: Any) -> str | None:
    """The text that ends a turn where it is not the tokenizer's own end."""
    for text in ("<end_of_utterance>", "<|im_end|>"):
        if text in processor.tokenizer.get_vocab():
            return text
    return None


def image_ids(model: Any) -> tuple[int, ...]:
    """Tokens of pictures and videos of a model."""
    names = ("image_token_id", "video_token_id", "image_token_index", "video_token_index", "vision_start_token_id")
    found = (getattr(model.config, name, None) for name in names)
    return tuple({int(i) for i in found if i is not None})
