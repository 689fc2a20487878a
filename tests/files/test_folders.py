"""Walking: what is left out, what is told, and what is asked for twice."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.batch.inputs.listing import Inputs, find_items
from assistant.errors import AssistantError, ConfigError, ImageError
from assistant.files import folders
from assistant.files.folders import Walker, walked
from assistant.pictures.images import find_images


def anything(_: str) -> bool:
    return True


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a/1.png", "a/deep/2.png", "b/3.png", ".hidden/4.png", "a/.5.png", "b/c[1]/6.png", "7.txt"):
        (tmp_path / "t" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "t" / name).touch()
    return tmp_path / "t"


def names(found: object, root: Path) -> list[str]:
    return [os.path.relpath(path, root) for path in found]  # type: ignore[attr-defined]


def test_files_come_by_name_and_hidden_ones_do_not(tree: Path) -> None:
    assert names(walked(str(tree), anything), tree) == ["7.txt", "a/1.png", "a/deep/2.png", "b/3.png", "b/c[1]/6.png"]


def test_linked_folders_are_told_of_and_followed_when_asked(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far/8.png").touch()
    (tree / "link").symlink_to(tmp_path / "far")
    (tree / "b/loop").symlink_to(tree)
    (tree / "again").symlink_to(tmp_path / "far")
    (tree / "file.png").symlink_to(tree / "a/1.png")
    told: list[str] = []
    plain = names(Walker(anything, tell=told.append, has_options=True).walk(str(tree)), tree)
    assert plain == ["7.txt", "a/1.png", "a/deep/2.png", "b/3.png", "b/c[1]/6.png", "file.png"]
    assert len(told) == 3
    assert all("--follow-links takes it" in sentence for sentence in told)
    followed = names(Walker(anything, follow_links=True).walk(str(tree)), tree)
    assert followed == ["7.txt", "a/1.png", "a/deep/2.png", "again/8.png", "b/3.png", "b/c[1]/6.png", "file.png"]


@pytest.mark.parametrize("follow", [False, True])
def test_the_folders_of_the_system_are_never_walked(tree: Path, follow: bool) -> None:
    (tree / "link").symlink_to("/proc")
    told: list[str] = []
    found = names(Walker(anything, everything=True, follow_links=follow, tell=told.append).walk(str(tree)), tree)
    assert not [name for name in found if name.startswith("link")]
    assert len(told) == 1
    for folder in ("/proc", "/proc/self", "/sys", "/dev", str(tree / "link")):
        if Path(folder).is_dir():
            with pytest.raises(ConfigError, match="the operating system's"):
                next(Walker(anything, everything=True).walk(folder))


def test_other_file_systems_are_told_of(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(folders, "device_of", lambda path: 2 if path.endswith("/b") else 1)
    assert names(Walker(anything, tell=told.append).walk(str(tree)), tree) == ["7.txt", "a/1.png", "a/deep/2.png"]
    assert len(told) == 1
    assert "another file system" in told[0]


@pytest.mark.parametrize("place", ["/", "//", "/.", "~", "~/./"])
def test_the_root_and_a_home_folder_are_asked_for_twice(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "me"
    home.mkdir()
    (home / "a.png").touch()
    monkeypatch.setenv("HOME", str(home))
    given = place.replace("~", str(home))
    doors: list[Callable[[], object]] = [
        lambda: next(walked(given, anything)),
        lambda: find_images([given]),
        lambda: next(find_items(Inputs((given,)))),
        lambda: next(Walker(anything).matches(f"{given}/**/*.png")),
    ]
    for door in doors:
        with pytest.raises(ConfigError, match="name the folders in it") as caught:
            door()
        assert "which is" in str(caught.value)
        assert ("--yes-everything" in str(caught.value)) == (door is doors[2])
    (tmp_path / "list.txt").write_text(f"{given}\n")
    (told,) = find_items(Inputs(lists=(tmp_path / "list.txt",)))
    assert "--yes-everything" in str(told.error)
    if place == "~":
        assert [item.source for item in find_items(Inputs((given,), everything=True))] == [str(home / "a.png")]


def test_patterns_walk_as_folders_do(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "b/loop").symlink_to(tree)
    found = Walker(anything).matches(f"{tree}/**/*.png")
    assert names(found, tree) == ["a/1.png", "a/deep/2.png", "b/3.png", "b/c[1]/6.png"]
    assert names(Walker(anything).matches(f"{tree}/*/*.png"), tree) == ["a/1.png", "b/3.png"]
    assert names(Walker(anything).matches(f"{tree}/**/[0-2].p?g"), tree) == ["a/1.png", "a/deep/2.png"]
    assert names(Walker(anything).matches(f"{tree}/**/[!0-2].png"), tree) == ["b/3.png", "b/c[1]/6.png"]
    assert names(Walker(anything).matches(f"{tree}/a/**"), tree) == ["a/1.png", "a/deep/2.png"]
    assert names(Walker(anything).matches(f"{tree}/**/deep/*"), tree) == ["a/deep/2.png"]
    monkeypatch.chdir(tree)
    assert list(Walker(anything).matches("**/*.png")) == ["a/1.png", "a/deep/2.png", "b/3.png", "b/c[1]/6.png"]
    assert list(Walker(anything).matches("none/**/*.png")) == []


def test_an_unreadable_folder_ends_a_walk_but_not_a_run(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refused(path: str) -> object:
        if str(path) == str(tree / "b"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(ImageError, match="a folder that can be read, got Permission denied"):
        list(walked(str(tree), anything))
    told = list(find_items(Inputs((str(tree),))))
    assert [item.error is None for item in told].count(False) == 1
    assert len(told) > 1


def test_a_folder_that_is_gone_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match="a folder that can be read, got No such file"):
        list(walked(str(tmp_path / "none"), anything))
