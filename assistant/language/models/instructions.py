"""What a base language model is told in words: its task, worked examples, past turns, a question with its note."""

from __future__ import annotations

from collections.abc import Sequence

SYSTEM = (
    "You are an inspection assistant. Each question comes with a note measured on the picture. Answer the question "
    "from the note, in one or two short sentences. Add nothing that is not in the note."
)
EXAMPLES = (
    (
        "Is something wrong here?",
        "Yes, the picture looks anomalous: there is a chip at the bottom centre.",
        "Yes, the picture looks anomalous: there is a chip at the bottom centre.",
    ),
    (
        "Where do you see them?",
        "Region 1 at the bottom left and region 2 at the top centre.",
        "Region 1 is at the bottom left and region 2 is at the top centre.",
    ),
    (
        "How serious is it and what next?",
        "The region is rated major. Next, look for the loose fragment and measure the missing edge.",
        "The region is rated major. Next, look for the loose fragment and measure the missing edge.",
    ),
    (
        "Where is it?",
        "No anomalous region was found, so there is nothing to locate.",
        "Nowhere: no anomalous region was found.",
    ),
)
"""(question, note, answer): what the note is for, shown."""

Message = dict[str, str]
Turn = tuple[str, str, str]
"""(question, note, answer)."""


def messages_of(turns: Sequence[Turn], question: str, note: str) -> list[Message]:
    """Messages of the prompt: instructions, worked examples, past turns, the question with its note.

    Args:
        turns: (question, note, answer) so far.
        question: asked now.
        note: the evidence for it.
    """
    messages = [{"role": "system", "content": SYSTEM}]
    for asked, told, answer in (*EXAMPLES, *turns):
        messages += [_user(asked, told), {"role": "assistant", "content": answer}]
    return [*messages, _user(question, note)]


def _user(question: str, note: str) -> Message:
    told = f"Note: {note}\nQuestion: {question}"
    return {"role": "user", "content": told.replace("<|", "< |")}  # a role marker that was typed is only words
