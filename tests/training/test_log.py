"""A run's log reaches a person through the command that started it, and no longer than that."""

from __future__ import annotations

import logging

import pytest

from training.log import shown_log


def test_news_and_warnings_are_lines_on_streams_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("training.somewhere")
    with shown_log():
        log.info("%d of %d", 1, 2)
        log.warning("a disk is full")
        log.debug("details")
    log.info("later")
    said = capsys.readouterr()
    assert said.out == "1 of 2\n"
    assert said.err == "warning: a disk is full\n"


def test_commands_in_one_process_say_everything_once(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        with shown_log():
            logging.getLogger("training").info("once")
    assert capsys.readouterr().out == "once\nonce\n"
