"""A transformers model in this process as a writer of chats: with pictures where it takes them, by its own chat template."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from assistant.config import LanguageConfig
from assistant.errors import ConfigError, WeightsError
from assistant.language.writers.message import MOST_TOKENS, Message, Usage, Words


class LocalWriter:
    """A model of a folder or of the hub, loaded at its first word; greedy, one chat at a time.

    Args:
        config: names it; ``pictures`` "no" keeps them from it, "yes" refuses a model that takes none.
        dtype: "float32", "bfloat16", or "auto" for the faster one here.
    """

    in_flight = 1

    def __init__(self, config: LanguageConfig, dtype: str = "auto") -> None:
        self._config, self._dtype = config, dtype
        self._lock = threading.RLock()
        self._loaded: tuple[Any, Any] | None = None
        self.usage = Usage()

    @property
    def name(self) -> str:
        """The model's."""
        return self._config.title

    def sees(self) -> bool:
        """Whether it is shown pictures; reads the model's configuration.

        Raises:
            WeightsError: a model that cannot be had.
            ConfigError: pictures are asked for, and it takes none.
        """
        if self._config.pictures == "no":
            return False
        takes = is_vision_model(self._config)
        if self._config.pictures == "yes" and not takes:
            raise ConfigError(f"pictures for {self.name}", "a model of words alone", "leave --pictures out")
        return takes

    def write(
        self, messages: Sequence[Message], *, stop: threading.Event, most_tokens: int = MOST_TOKENS,
        choices: Sequence[str] = (),
    ) -> Words:  # fmt: skip
        """The next turn; ``choices`` are of no account.

        Raises:
            WeightsError: a model that cannot be had, or a chat template that cannot be followed.
        """
        from assistant.language.tokens.generation import written

        model, processor = self._load()
        tokenizer = getattr(processor, "tokenizer", processor)
        inputs = self._inputs(processor, messages).to(model.device)
        ended: list[bool] = []

        def work(streamer: Any) -> None:
            with self._lock:
                if stop.is_set():
                    streamer.end()
                else:
                    ended.append(_generate(model, inputs, most_tokens, streamer, stop, self.usage))

        yield from written(tokenizer, work, stop)
        return bool(ended) and ended[0]

    def _inputs(self, processor: Any, messages: Sequence[Message]) -> Any:
        """A chat as the model takes it: by the processor with pictures, by the tokenizer without."""
        pictured = hasattr(processor, "image_processor")
        chat = [_as_parts(m) if pictured else {"role": m.role, "content": m.text} for m in messages]
        try:
            return processor.apply_chat_template(
                chat, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
            )
        except Exception as error:  # templates raise what they like
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise WeightsError(f"a chat template of {self.name} that can be followed", first[:200], _MEND) from error

    def _load(self) -> tuple[Any, Any]:
        """Model and processor or tokenizer, once."""
        with self._lock:
            if self._loaded is None:
                self._loaded = load_chat_model(self._config, self._dtype)
            return self._loaded


_MEND = "give another folder or hub name with --language"


def _as_parts(message: Message) -> dict[str, Any]:
    from PIL import Image

    shown = [{"type": "image", "image": Image.fromarray(pixels)} for pixels in message.pictures]
    return {"role": message.role, "content": [*shown, {"type": "text", "text": message.text}]}


def _generate(model: Any, inputs: Any, most_tokens: int, streamer: Any, stop: threading.Event, usage: Usage) -> bool:
    """Write greedily; whether the model came to an end by itself."""
    import torch

    from assistant.language.tokens.generation import LIKELIEST
    from assistant.language.tokens.stopping import RepetitionStop, StopSignal

    start = inputs["input_ids"].shape[1]
    with torch.inference_mode():
        out = model.generate(
            **inputs,
            max_new_tokens=most_tokens,
            **LIKELIEST,
            stopping_criteria=[RepetitionStop(start), StopSignal(stop)],
            streamer=streamer,
        )
    usage.add(start, int(out.shape[1]) - start)
    ends = model.generation_config.eos_token_id
    known = set(ends) if isinstance(ends, list) else {ends}
    return int(out[0, -1]) in known


def is_vision_model(config: LanguageConfig) -> bool:
    """Whether a model is one of pictures and words; one of words alone otherwise.

    Raises:
        WeightsError: a model that cannot be had, or of another kind.
    """
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    )

    try:
        kind = AutoConfig.from_pretrained(config.name).model_type
    except Exception as error:  # transformers raises many kinds for a folder with something wrong in it
        first = ([line for line in str(error).splitlines() if line.strip()] or [type(error).__name__])[0]
        raise WeightsError(f"a language model in safetensors, {config.name}", first[:200], _MEND) from error
    if kind in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        return True
    if kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        return False
    raise WeightsError("a causal or image-text-to-text model", f"{kind} in {config.name}", _MEND)


def load_chat_model(config: LanguageConfig, dtype: str) -> tuple[Any, Any]:
    """A model with its processor, or with its tokenizer where it is one of words alone.

    Raises:
        WeightsError: a model that cannot be had or has no chat template.
    """
    import torch

    from assistant.language.models.hub_parts import load_vlm
    from assistant.towers.precision import best_dtype

    where = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    weights = best_dtype("auto", where) if dtype == "auto" else getattr(torch, dtype)
    model, processor = load_vlm(config, weights, where, sees=is_vision_model(config))
    holder = processor if getattr(processor, "chat_template", None) else getattr(processor, "tokenizer", processor)
    if not holder.chat_template:
        do = "give an instruction-tuned model"
        raise WeightsError(f"a chat template of {config.title}", "none", do)
    return model, processor
