"""One spelling of a text, which every grammar of this room reads: questions, answers and options alike."""

from __future__ import annotations

import re


def plain(text: str) -> str:
    """Lower case, straight apostrophes, British spelling of "centre".

    >>> plain("Isn’t it the Center?")
    "isn't it the centre?"
    """
    return text.lower().replace("’", "'").replace("center", "centre")


def written_out(text: str) -> str:
    """A plain text with the short forms of "not" written out.

    >>> written_out("It isn’t; I can't tell.")
    'it is not; i cannot tell.'
    """
    return plain(text).replace("can't", "cannot").replace("won't", "will not").replace("n't", " not")


def bare_words(text: str) -> str:
    """A text's words in plain spelling with one space between them.

    >>> bare_words("Is it, at 3.1 %, large?")
    'is it at 3 1 large'
    """
    return " ".join(re.sub(r"[^a-z0-9 ]", " ", plain(text)).split())
