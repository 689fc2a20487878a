"""All reactions of the page in one value."""

from __future__ import annotations

from demo.reactions.live import Live
from demo.reactions.talks import Talks
from demo.reactions.voice import Voice
from demo.reactions.whole import Whole


class Handlers(Whole, Talks, Live, Voice):
    """The page's reactions; see :class:`demo.reactions.base.Reactions` for the arguments."""
