"""A question that is said: what was heard comes into the question box, to be put right before it is sent."""

from __future__ import annotations

from assistant.speech.transcript import Transcript
from demo.incoming.uploads import discard, inside
from demo.reactions.base import Reactions, said
from demo.view import words
from demo.view.painting import Updates


class Voice(Reactions):
    """What is heard. Needs no session: a recording belongs to no picture until its question is sent."""

    def hear(self, path: object) -> Updates:
        """A recording was made: its words, none of them asked yet. The recording is removed whatever comes of it."""
        page = self.page
        if path is None:  # taken out by hand, or by the update below
            return self.nothing()
        try:
            sent = inside(path, self.root)
            heard = self.hearing.hear(sent.read_bytes(), "the recording")
        except Exception as error:  # noqa: BLE001  shown in the page instead
            return {page.status: words.error_card(said(error)), page.speech: None}
        finally:
            discard(path, self.root)
        return {page.question: heard.text, page.status: words.done_card(told(heard)), page.speech: None}


def told(heard: Transcript) -> str:
    """What is said of a transcript beside its words."""
    if not heard.unsure:
        return "Heard; nothing is asked before you send it"
    listed = ", ".join(f"“{word}”" for word in dict.fromkeys(heard.unsure))
    return f"Heard; look at {listed} before you send it"
