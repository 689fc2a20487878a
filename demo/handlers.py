"""All reactions of the page in one value."""

from __future__ import annotations

from demo.reactions.looks import Looks
from demo.reactions.projects import Projects
from demo.reactions.talks import Talks
from demo.reactions.voice import Voice


class Handlers(Looks, Talks, Projects, Voice):
    """The page's reactions; see :class:`demo.reactions.base.Reactions` for the arguments."""
