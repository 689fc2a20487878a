"""Projects: found by the secret that the browser keeps, opened, named, exported and removed."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

import gradio as gr

from demo.bench.session_store import SessionError
from demo.bench.sessions import Session
from demo.export import whole_project
from demo.projects.database import ProjectError
from demo.projects.shelf import clean_name
from demo.reactions.base import Reactions, Stream, said
from demo.reactions.tabs import seat
from demo.view import painting, words
from demo.view.page import Page
from demo.view.painting import Updates

LEAST_SECRET = 32
"""Characters of a secret that this page would have given."""


class Projects(Reactions):
    """What a person does with projects as a whole."""

    def opened(self, sid: str | None, visitor: str | None) -> Updates:
        """A page was opened: the project that its browser worked on last, or a new one."""
        page, store = self.page, self.bench.store
        if not store.stays:
            return {page.session: sid or seat(store.new().id)}
        try:
            known = visitor if isinstance(visitor, str) and len(visitor) >= LEAST_SECRET else ""
            lines = store.shelf.of(known)
            visitor = known or secrets.token_urlsafe(LEAST_SECRET)
            session = store.get(lines[0].id) if lines else store.new(visitor=visitor)
            return {
                page.session: seat(session.id, sid), page.visitor: visitor,
                **painting.everything(page, session), **self._listed(visitor, session), **self._lost(session),
            }  # fmt: skip
        except Exception as error:  # noqa: BLE001  shown in the page instead
            return {page.status: words.error_card(said(error))}

    def relist(self, sid: str | None, visitor: str | None) -> Updates:
        """Projects and how many pictures they hold, for who opens the list."""
        return self.quickly(sid, lambda session: self._listed(visitor or "", session))

    def open_project(self, sid: str | None, visitor: str | None, id: str | None) -> Stream:
        """Another project was chosen."""
        try:
            self.bench.store.shelf.require(visitor or "", id or "")
        except Exception as error:  # noqa: BLE001  shown in the page instead
            yield {self.page.status: words.error_card(said(error))}
            return
        yield from self.shown(id, visitor or "", sid)

    def new_project(self, sid: str | None, visitor: str | None, name: str | None = "") -> Stream:
        """A new project, empty; it is called as was typed, unless that is what the open one is called."""
        mine = self.bench.store.shelf.of(visitor or "")
        typed = clean_name(name or "")
        if typed == next((line.name for line in mine if line.id == sid), ""):
            typed = ""
        yield from self.shown(self.bench.store.new(visitor=visitor or "", name=typed).id, visitor or "", sid)

    def rename_project(self, sid: str | None, visitor: str | None, name: str) -> Updates:
        """The project in view is called otherwise."""

        def work(session: Session) -> Updates:
            self.bench.store.shelf.rename(visitor or "", session.id, name or "")
            return {**self._listed(visitor or "", session), self.page.status: words.done_card("Renamed.")}

        return self.quickly(sid, work)

    def export_project(self, sid: str | None) -> Stream:
        """All of the project as one file."""
        made: list[Path] = []

        def paint(page: Page, session: Session) -> Updates:
            return {page.project_file: gr.update(value=str(made[0]), visible=True)}

        yield from self.run(sid, "Writing …", lambda session: made.append(whole_project.write(session)), paint)

    def ask_delete(self) -> Updates:
        """Deleting takes a second click."""
        return {self.page.project_sure: gr.update(visible=True)}

    def delete_project(self, sid: str | None, visitor: str | None) -> Stream:
        """The project is removed with all that it holds; the one used before comes into view, or a new one."""
        store, visitor, before = self.bench.store, visitor or "", sid
        try:
            if sid is None:
                raise ProjectError("a project that is open", "none", "open one")
            store.shelf.require(visitor, sid)
            self.runs.stop(sid)
            store.remove(sid)
            lines = store.shelf.of(visitor)
            sid = lines[0].id if lines else store.new(visitor=visitor).id
        except Exception as error:  # noqa: BLE001  shown in the page instead
            yield {self.page.status: words.error_card(said(error))}
            return
        yield from self.shown(sid, visitor, before)

    def shown(self, id: str | None, visitor: str, before: str | None) -> Stream:
        """A project in place of the one open before: what is still being done there is not painted in this tab any more."""
        try:
            here = seat(self.bench.store.get(id).id, before)
        except SessionError as error:
            yield {self.page.status: words.error_card(error)}
            return
        table = False
        with suppress(SessionError):  # the one before has ended
            table = before is not None and before != id and self.bench.store.get(before).choice.open

        def paint(page: Page, session: Session) -> Updates:
            return {**painting.everything(page, session), **self._listed(visitor, session)}

        opened: list[Session] = []
        # at once: what is painted at the end, which may be long after, would take a question away that came meanwhile
        yield {self.page.project_sure: gr.update(visible=False), self.page.project_file: gr.update(visible=False)}

        def work(session: Session) -> None:
            session.project.use()
            session.choice.open = session.choice.open or table
            opened.append(session)

        yield from self.run(here, "", work, paint)
        if opened and (told := self._lost(opened[0])):
            yield told

    def _lost(self, session: Session) -> Updates:
        """Pictures that could not be read again, told where the project is opened."""
        if not session.lost:
            return {}
        named = ", ".join(session.lost[:5]) + (f" and {len(session.lost) - 5} more" if len(session.lost) > 5 else "")
        text = f"Could not be read again and is left out: {named}. The files stay in the project"
        return {self.page.status: words.error_card(text)}

    def _listed(self, visitor: str, session: Session) -> Updates:
        page, lines = self.page, self.bench.store.shelf.of(visitor)
        choices = [(f"{line.name} ({words.counted_pictures(line.pictures)})", line.id) for line in lines]
        name = next((line.name for line in lines if line.id == session.id), "")
        updates: dict[Any, Any] = {
            page.project: gr.update(choices=choices, value=session.id if name else None),
            page.project_name: name,
            page.projects: gr.update(label=f"Project: {name}" if name else "Projects"),
        }
        return updates
