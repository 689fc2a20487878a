"""The next answers of several conversations, written together: prompts padded at the left, one ``generate`` for all.

Every conversation is read from its start and keeps no cache. A batch sums in another order than one conversation alone does, so
where two words are nearly as likely the other one may be written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from assistant.language.tokens.chat_template import LabelledIds, collate
from assistant.language.tokens.generation import Prompt, Speaker, carry
from assistant.language.tokens.injection import model_lock
from assistant.language.tokens.stopping import RepetitionStop, repeated


def speak_together(
    speaker: Speaker,
    prompts: Sequence[Prompt],
    showing: Callable[[], AbstractContextManager[None]],
    inputs: Callable[[Any], dict[str, Any]] = lambda ids: {},
) -> list[str]:
    """Texts of the answers; each talk grows by question and answer, or none does.

    Args:
        speaker: the model.
        prompts: one question in each conversation.
        showing: what holds while the placeholders of all conversations are read.
        inputs: further inputs of the model for the padded ids of all prompts.
    """
    for prompt in prompts:
        prompt.talk.before = len(prompt.talk.ids)
        prompt.talk.ids += [*prompt.asked, *prompt.begin]
    try:
        with model_lock(speaker.model):
            written = _written(speaker, [prompt.talk.ids for prompt in prompts], showing, inputs)
    except BaseException:
        for prompt in prompts:
            prompt.talk.undo()
        raise
    return [_took(speaker, prompt, new) for prompt, new in zip(prompts, written, strict=True)]


def _written(
    speaker: Speaker, prompts: Sequence[list[int]], showing: Callable[[], Any], inputs: Callable[[Any], dict[str, Any]]
) -> list[list[int]]:
    """New tokens after each prompt, ends of turns and what fills up after them included."""
    import torch

    chat = collate([LabelledIds(tuple(ids), tuple(ids)) for ids in prompts], speaker.end_ids[0], side="left")
    ids, device = chat.input_ids, speaker.model.device
    carry(speaker.model, {})
    with torch.inference_mode(), speaker.drawing(), showing():
        out = speaker.model.generate(
            input_ids=ids.to(device),
            attention_mask=chat.attention_mask.to(device),
            stopping_criteria=[RepetitionStop(ids.shape[1])],
            **speaker.options,
            **inputs(ids),
        )
    new: list[list[int]] = out[:, ids.shape[1] :].tolist()
    return new


def _took(speaker: Speaker, prompt: Prompt, new: list[int]) -> str:
    """Text of one answer, which its talk keeps."""
    end = speaker.end_ids[0]
    said = new[: new.index(end)] if end in new else new
    talk = prompt.talk
    talk.ended = end in new and not repeated(said)
    talk.cache, talk.cached, talk.carried = None, [], {}
    talk.ids += [*said, *speaker.end_ids]
    text = speaker.tokenizer.decode(
        [*prompt.begin, *said], skip_special_tokens=True, clean_up_tokenization_spaces=False
    )
    return str(text)
