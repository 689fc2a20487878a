"""The further pictures of a session, for questions that compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from assistant.words.scene.dialogue_state import Earlier
from demo.bench.sessions import Picture, Session


class OtherPictures(Sequence[Earlier]):
    """The pictures of a session but one, as they are judged when they are asked for.

    Args:
        session: whose.
        picture: that is not among them.
    """

    def __init__(self, session: Session, picture: Picture) -> None:
        self._session, self._picture = session, picture

    def _judged(self) -> list[Earlier]:
        others = [one for one in self._session.pictures if one is not self._picture]
        return [Earlier(one.name, one.view.inspection) for one in others if one.view is not None]

    def __len__(self) -> int:
        return len(self._judged())

    @overload
    def __getitem__(self, index: int) -> Earlier: ...
    @overload
    def __getitem__(self, index: slice) -> list[Earlier]: ...
    def __getitem__(self, index: int | slice) -> Earlier | list[Earlier]:
        """One or some of them, in the order in which they came."""
        return self._judged()[index]
