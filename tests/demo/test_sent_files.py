"""Files that the browser is sent to."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

from demo.view.sent_files import STAY, sent_file


def test_the_same_is_one_file_and_older_ones_stay_for_answers_that_come_late(tmp_path: Path) -> None:
    first = sent_file(tmp_path, "heat", ".png", b"0")
    other = sent_file(tmp_path, "crop", ".png", b"0")
    assert first == sent_file(tmp_path, "heat", ".png", b"0")
    later = [sent_file(tmp_path, "heat", ".png", str(n).encode()) for n in range(1, STAY)]
    assert [path.read_bytes() for path in (first, *later)] == [str(n).encode() for n in range(STAY)]
    sent_file(tmp_path, "heat", ".png", b"more")
    assert not first.exists()
    assert len(list(tmp_path.iterdir())) == STAY + 1
    assert other.exists(), "of another kind"


def test_what_is_asked_for_again_is_no_old_file(tmp_path: Path) -> None:
    kept = sent_file(tmp_path, "beside", ".jpg", b"kept")
    for n in range(3 * STAY):
        sent_file(tmp_path, "beside", ".jpg", str(n).encode())
        assert sent_file(tmp_path, "beside", ".jpg", b"kept") == kept
        assert kept.read_bytes() == b"kept"


def test_what_several_write_at_once_is_whole_at_any_time(tmp_path: Path) -> None:
    torn: list[int] = []

    def write() -> None:
        for n in range(60):
            data = bytes([n % STAY]) * 500_000
            torn.extend([n] if sent_file(tmp_path, "live", ".jpg", data).read_bytes() != data else [])
        torn.append(-1)

    threads = [Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert torn == [-1, -1]
    assert len(list(tmp_path.iterdir())) == STAY


def test_where_nothing_is_to_be_kept_the_last_one_alone_stays(tmp_path: Path) -> None:
    for n in range(3):
        last = sent_file(tmp_path, "live", ".jpg", bytes([n]), stay=1)
        assert list(tmp_path.iterdir()) == [last]
