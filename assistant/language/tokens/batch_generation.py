"""The next answers of several conversations, written together: prompts padded at the left, one ``generate`` for all.

Every conversation is read from its start and keeps no cache. A batch sums in another order than one conversation alone does, so
where two words are nearly as likely the other one may be written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from assistant.language.tokens.chat_template import Rendered, collate
from assistant.language.tokens.generation import Repeats, Speaker, Talk, carry, repeated
from assistant.language.tokens.injection import model_lock


@dataclass(frozen=True, eq=False)
class Put:
    """A question put in a conversation.

    Args:
        talk: so far.
        asked: ids of the question, up to where the assistant speaks.
        begin: ids the answer is made to begin with.
    """

    talk: Talk
    asked: tuple[int, ...]
    begin: tuple[int, ...] = ()


def speak_together(
    speaker: Speaker,
    puts: Sequence[Put],
    showing: Callable[[], AbstractContextManager[None]],
    inputs: Callable[[Any], dict[str, Any]] = lambda ids: {},
) -> list[str]:
    """Texts of the answers; each talk grows by question and answer, or none does.

    Args:
        speaker: the model.
        puts: one question in each conversation.
        showing: what holds while the placeholders of all conversations are read.
        inputs: further inputs of the model for the padded ids of all prompts.
    """
    for put in puts:
        put.talk.before = len(put.talk.ids)
        put.talk.ids += [*put.asked, *put.begin]
    try:
        with model_lock(speaker.model):
            written = _written(speaker, [put.talk.ids for put in puts], showing, inputs)
    except BaseException:
        for put in puts:
            put.talk.undo()
        raise
    return [_took(speaker, put, new) for put, new in zip(puts, written, strict=True)]


def _written(
    speaker: Speaker, prompts: Sequence[list[int]], showing: Callable[[], Any], inputs: Callable[[Any], dict[str, Any]]
) -> list[list[int]]:
    """New tokens after each prompt, ends of turns and what fills up after them included."""
    import torch

    chat = collate([Rendered(tuple(ids), tuple(ids)) for ids in prompts], speaker.end_ids[0], side="left")
    ids, device = chat.input_ids, speaker.model.device
    carry(speaker.model, {})
    with torch.inference_mode(), torch.random.fork_rng(), showing():
        torch.manual_seed(speaker.decoding.seed)
        out = speaker.model.generate(
            input_ids=ids.to(device),
            attention_mask=chat.attention_mask.to(device),
            stopping_criteria=[Repeats(ids.shape[1])],
            **speaker.options,
            **inputs(ids),
        )
    new: list[list[int]] = out[:, ids.shape[1] :].tolist()
    return new


def _took(speaker: Speaker, put: Put, new: list[int]) -> str:
    """Text of one answer, which its talk keeps."""
    end = speaker.end_ids[0]
    said = new[: new.index(end)] if end in new else new
    talk = put.talk
    talk.ended = end in new and not repeated(said)
    talk.cache, talk.cached, talk.carried = None, [], {}
    talk.ids += [*said, *speaker.end_ids]
    text = speaker.tokenizer.decode([*put.begin, *said], skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return str(text)
