"""Fixtures of the command line, for recordings handed to it."""

from tests.cli.test_app import command, fake

__all__ = ["command", "fake"]
