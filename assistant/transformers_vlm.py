"""Any transformers image-text-to-text model, with the prompt embeddings of our map at placeholder tokens.

The model sees the picture through its own vision tower, which runs once a conversation: later turns go on from the cache.
What the processor makes of a picture (its tokens, pixels, positions) is taken as it is, so that every family's own way of
merging image features stays in force.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from assistant.chat import ChatFormat, Renderer, Slots
from assistant.config import LanguageConfig
from assistant.errors import ConfigError, WeightsError
from assistant.evidence import evidence_text
from assistant.generation import Decoding, Speaker
from assistant.injection import inject
from assistant.knowledge import load_knowledge
from assistant.language_model import Evidence, Session
from assistant.language_parts import CARD, PROMPTS
from assistant.lora import load_lora
from assistant.projector import EncodedImage
from assistant.prompt_learner import PROMPT_TOKENS, PromptLearner
from assistant.types import Inspection

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


Looker = Callable[[np.ndarray], ImageInput]
"""Maps RGB pixels (height, width, 3), uint8, to the model's input."""


@dataclass(frozen=True, eq=False)
class _Shown:
    image: ImageInput
    prompts: Tensor
    text: str


class TransformersVLM:
    """An image-text-to-text model that is also shown the map.

    Args:
        model: in evaluation mode.
        renderer: of its conversations.
        look: how it takes pictures.
        prompt_learner: in the width of its language model.
        anomaly_id: placeholder token of prompt embeddings.
        reserved: further tokens that are never written, as those of pictures.
        decoding: how words are chosen.
    """

    def __init__(
        self,
        model: Any,
        renderer: Renderer,
        look: Looker,
        prompt_learner: PromptLearner,
        anomaly_id: int,
        reserved: tuple[int, ...] = (),
        decoding: Decoding | None = None,
    ) -> None:
        self.model, self.renderer, self.look = model, renderer, look
        self.prompt_learner, self.anomaly_id = prompt_learner, anomaly_id
        self._speaker = Speaker(model, renderer.tokenizer, renderer.end_ids, (anomaly_id, *reserved), decoding)

    @classmethod
    def load(cls, config: LanguageConfig, folder: Path, decoding: Decoding | None = None) -> TransformersVLM:
        """A model of the hub by name, with the trained parts of a folder.

        Raises:
            WeightsError: a model or parts that cannot be had, or parts of another model.
        """
        from transformers import AutoModelForImageTextToText, AutoProcessor

        try:
            processor: Any = AutoProcessor.from_pretrained(config.name)  # type: ignore[no-untyped-call]
            model: Any = AutoModelForImageTextToText.from_pretrained(
                config.name, dtype="auto", use_safetensors=True, **_quantization(config)
            )
            card = json.loads((folder / CARD).read_text())
            state = load_file(folder / PROMPTS)
        except (OSError, ValueError, ImportError, SafetensorError) as error:
            raise WeightsError(
                f"the model {config.name} and its parts in {folder.name}",
                str(error).splitlines()[0],
                "check the preset",
            ) from error
        if card.get("towers") != {"language": config.name}:
            raise WeightsError(
                f"parts made for {config.name}", f"parts made for {card.get('towers')}", "train them anew"
            )
        if torch.cuda.is_available() and config.quantization == "none":
            model.to("cuda")
        load_lora(model, folder, merge=False)
        model.requires_grad_(False).eval()
        tokenizer = processor.tokenizer
        ids = tokenizer(config.anomaly_token, add_special_tokens=False).input_ids
        if len(ids) != 1:
            raise ConfigError("a placeholder that is one token of the vocabulary", config.anomaly_token, "name another")
        learner = PromptLearner.from_state(state, model.get_input_embeddings().weight.shape[1]).to(model.device)
        renderer = Renderer(tokenizer, ChatFormat.of(processor, end_of_turn(processor)))
        return cls(model, renderer, processor_look(processor), learner, ids[0], image_ids(model), decoding)

    def open(self, inspection: Inspection, encoded: EncodedImage | None = None) -> Session:
        """A conversation on a picture; ``encoded`` is not needed."""
        maps = torch.from_numpy(inspection.anomaly_map.scores)[None, None].to(self.model.device)
        score = torch.tensor([inspection.image_score], device=self.model.device)
        with torch.inference_mode():
            prompts = self.prompt_learner(maps, score)[0]
        image = self.look(inspection.image.pixels)
        return Session(inspection, _Shown(image, prompts, evidence_text(inspection, load_knowledge())))

    def stream(
        self,
        session: Session,
        question: str,
        *,
        stop: threading.Event | None = None,
        evidence: Evidence = "both",
        begin: str = "",
    ) -> Iterator[str]:
        """The model's words in pieces."""
        first, shown = session.settle(evidence), session.shown
        told = evidence in ("embeddings", "both")
        if first:
            slots = Slots(shown.image.ids, (self.anomaly_id,) * PROMPT_TOKENS if told else ())
            text = shown.text if evidence in ("text", "both") else None
            asked = self.renderer.opening(question, slots, text)
            session.talk.fixed = _after(asked, slots)
        else:
            asked = self.renderer.following(question)

        def showing() -> AbstractContextManager[None]:
            return inject(self.model, self.anomaly_id, [shown.prompts if told else shown.prompts[:0]])

        def inputs(ids: list[int]) -> dict[str, Any]:
            return model_inputs(shown.image, ids, self.model.device)

        begun = self.renderer.words(begin)
        return self._speaker.speak(session.talk, asked, begun, showing, inputs, stop)

    def answer(self, session: Session, question: str, *, evidence: Evidence = "both", begin: str = "") -> str:
        """The model's words on a question."""
        return "".join(self.stream(session, question, evidence=evidence, begin=begin))


def _after(asked: tuple[int, ...], slots: Slots) -> int:
    """Where the last slot ends."""
    block = slots.anomaly or slots.image
    return _find(asked, block) + len(block)


def _find(ids: tuple[int, ...] | list[int], block: tuple[int, ...]) -> int:
    """Where a block of ids begins."""
    for start in range(len(ids) - len(block) + 1):
        if tuple(ids[start : start + len(block)]) == block:
            return start
    raise ConfigError("a prompt with the picture's tokens", "none", "render the conversation anew")


def model_inputs(image: ImageInput, ids: list[int], device: torch.device) -> dict[str, Tensor]:
    """Inputs beside ``input_ids`` for a prompt read from its start; token types are laid out over the whole prompt."""
    inputs = {name: value.to(device) for name, value in image.inputs.items() if name != TYPES}
    if (own := image.inputs.get(TYPES)) is not None:
        start = _find(ids, image.ids)
        types = torch.zeros(1, len(ids), dtype=own.dtype, device=device)
        types[:, start : start + len(image.ids)] = own.to(device)
        inputs[TYPES] = types
    return inputs


def processor_look(processor: Any) -> Looker:
    """How a transformers processor takes one picture."""
    text = image_text(processor)

    def look(pixels: np.ndarray) -> ImageInput:
        from PIL import Image

        made = processor(text=[text], images=[[Image.fromarray(pixels)]], return_tensors="pt", add_special_tokens=False)
        ids = tuple(int(i) for i in made["input_ids"][0])
        return ImageInput(ids, {k: v for k, v in made.items() if k not in ("input_ids", "attention_mask")})

    return look


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


def _quantization(config: LanguageConfig) -> dict[str, Any]:
    if config.quantization == "none":
        return {}
    from transformers import BitsAndBytesConfig

    if config.quantization == "int8":
        return {"quantization_config": BitsAndBytesConfig(load_in_8bit=True)}  # type: ignore[no-untyped-call]
    return {
        "quantization_config": BitsAndBytesConfig(  # type: ignore[no-untyped-call]
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
        )
    }
