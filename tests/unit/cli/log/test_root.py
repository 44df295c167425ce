"""`zoneproxy.cli.log.root`: from the root key to a log that is believed, and to one that no longer is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, joint_signer, write_log
from zoneproxy.cli.main import main

KEYS = [key.vkey for key in joint_signer().verifiers]


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    write_log(tmp_path / "log", [5, 5], joint_signer())
    assert main(["log", "root", str(tmp_path / "root.key")]) == 0
    assert capsys.readouterr().out.startswith("zone.example/root+")
    return tmp_path


def trust(place: Path, output: str, *more: str) -> int:
    return main(
        [
            "log",
            "trust",
            str(place / "log"),
            "--key",
            str(place / "root.key"),
            "-o",
            str(place / output),
            *more,
        ]
    )


def verify(place: Path, output: str) -> int:
    return main(
        [
            "log",
            "verify",
            str(place / "log"),
            "--policy",
            str(place / output),
            "--root",
            str(place / "root.vkey"),
        ]
    )


def test_believed_and_revoked(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log whose keys are named holds; once they are revoked, only up to the point (Z14)."""
    assert trust(place, "one") == 0
    assert "#! serial 1\n" in capsys.readouterr().out
    assert verify(place, "one") == 0
    revoked = [word for vkey in KEYS for word in ("--revoke", f"{vkey}=11")]
    assert trust(place, "two", "--previous", str(place / "one"), *revoked) == 0
    text = capsys.readouterr().out
    assert "#! serial 2\n" in text
    assert f"log {KEYS[0]}" not in text
    assert verify(place, "two") == 1
    assert trust(place, "three", "--previous", str(place / "two")) == 0
    assert capsys.readouterr().out.count("#! revoked ") == 2  # a revocation is never forgotten


def test_witnesses(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines on witnesses are taken from a trust file that names them."""
    (place / "w").write_text("# mine\nquorum none\n")
    assert trust(place, "one", "--witnesses", str(place / "w")) == 0
    assert capsys.readouterr().out.endswith("quorum none\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("nonsense", "revokes nothing"),
        (f"{KEYS[0]}=-1", "is no size"),
        (f"{KEYS[0]}=9999", f"no log `{ORIGIN}` of 9999 entries is here"),
    ],
)
def test_bad_words(place: Path, capsys: pytest.CaptureFixture[str], words: str, told: str) -> None:
    """What can't be revoked is told, and no file is written."""
    assert trust(place, "one", "--revoke", words) == 2
    assert told in capsys.readouterr().err
    assert not (place / "one").exists()


def test_a_strange_root(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A trust file of another root is refused before the log is looked at."""
    assert trust(place, "one") == 0
    main(["log", "root", str(place / "other.key")])
    (place / "root.vkey").write_bytes((place / "other.vkey").read_bytes())
    assert verify(place, "one") == 1
    assert "does not hold" in capsys.readouterr().err
