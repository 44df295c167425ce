"""`zoneproxy.adapters.files.flush`: what a flush says is believed only where the file system still writes."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zoneproxy.adapters.files import flush as module
from zoneproxy.adapters.files.flush import flush, flush_names


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    handle = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    yield handle
    os.close(handle)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    handle = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield handle
    os.close(handle)


@pytest.mark.parametrize("content", [b"", b"x", bytes(10_000)])
def test_nothing_is_changed_by_asking(file: int, content: bytes, tmp_path: Path) -> None:
    """Neither the bytes, nor how many; in a folder nothing is left."""
    os.write(file, content)
    flush(file)
    flush(file)
    assert (tmp_path / "file").read_bytes() == content
    os.write(file, b"more")
    flush(file)
    assert (tmp_path / "file").read_bytes() == content + b"more"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_names(folder: int, tmp_path: Path) -> None:
    """A folder is asked without a trace."""
    (tmp_path / "a").touch()
    flush_names(folder)
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def answering(*numbers: int) -> Callable[..., int]:
    """Make a call that fails with these numbers in turn, and then does not."""
    left = iter(numbers)

    def fallocate(*_: object) -> int:
        number = next(left, 0)
        ctypes.set_errno(number)
        return -1 if number else 0

    return fallocate


@pytest.mark.parametrize("number", [errno.EROFS, errno.EIO, errno.ENOSPC, errno.EBADF])
def test_a_file_system_that_writes_no_more_is_not_believed(
    file: int, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z13: `fdatasync` said that all is well."""
    monkeypatch.setattr(module, "_fallocate", lambda: answering(number))
    with pytest.raises(OSError, match=os.strerror(number)):
        flush(file)


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_that_cannot_be_asked(file: int, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then a flush stands for itself."""
    monkeypatch.setattr(module, "_fallocate", lambda: answering(number))
    flush(file)


def test_a_question_that_a_signal_interrupts_is_asked_again(
    file: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EINTR says nothing of the disk."""
    call = answering(errno.EINTR, errno.EINTR)
    monkeypatch.setattr(module, "_fallocate", lambda: call)
    flush(file)
    failing = answering(errno.EINTR, errno.EIO)
    monkeypatch.setattr(module, "_fallocate", lambda: failing)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        flush(file)


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (errno.EROFS, "not believed"),
        (errno.EIO, "not believed"),
        (errno.EMFILE, "not believed"),
        (errno.EOPNOTSUPP, "believed"),
        (errno.EISDIR, "believed"),
        (errno.ENOSPC, "believed"),
    ],
)
def test_names_are_believed_where_the_folder_can_be_written(
    folder: int,
    number: int,
    what: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Z13: an answer that tells of the disk counts, one that only tells of the question does not."""

    def opened(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", opened)
    if what == "believed":
        flush_names(folder)
    else:
        with pytest.raises(OSError, match=os.strerror(number)):
            flush_names(folder)


def test_a_failed_flush_is_not_asked_about(monkeypatch: pytest.MonkeyPatch, file: int) -> None:
    """A second word after a failed flush could only lie."""

    def failing(_: int) -> None:
        raise OSError(errno.EIO, "the disk")

    def asked() -> None:
        raise AssertionError

    monkeypatch.setattr(os, "fdatasync", failing)
    monkeypatch.setattr(module, "_fallocate", asked)
    with pytest.raises(OSError, match="the disk"):
        flush(file)


def test_without_the_call_a_flush_stands_for_itself(
    monkeypatch: pytest.MonkeyPatch, file: int, folder: int
) -> None:
    """Another C library, another system."""
    monkeypatch.setattr(module, "_fallocate", lambda: None)
    monkeypatch.setattr(module, "_TMPFILE", 0)
    flush(file)
    flush_names(folder)
