"""`zoneproxy data`: the four commands of an owner's data set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zoneproxy.cli.main import main

TABLE = "name,file,ward\n周明霞,ZX-2024-00917,blue\nZhao Ming,QK73-9920-5518,blue\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "patients.csv").write_text(TABLE, "utf-8")
    return tmp_path


def register(*more: str) -> int:
    fixed = ["data", "register", "patients.csv", "--id", "harbour/patients", "--key", "k", "-o", "p.zri"]
    return main([*fixed, *more])


def test_register_list_revoke(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z12: made with a new key, listed, revoked, listed again; results on stdout, advice on stderr."""
    assert register("--new-key", "--json", "--expires", "2099-01-01", "--row-cells", "3") == 0
    out, err = capsys.readouterr()
    made = json.loads(out)
    assert (made["rows"], made["cells"], made["row_cells"], made["owner"]) == (2, 6, 3, "harbour")
    assert "keep it apart" in err
    assert (folder / "k").stat().st_mode & 0o777 == 0o600

    assert main(["data", "list", "p.zri"]) == 0
    out, _ = capsys.readouterr()
    assert "2 rows of 6 cells" in out
    assert made["digest"] in out
    assert "expires 2099-01-01" in out
    assert "sound" in out

    assert main(["data", "revoke", "p.zri", "--key", "k", "--reason", "consent withdrawn"]) == 0
    out, err = capsys.readouterr()
    assert "revoked `harbour/patients`" in out
    assert "data reload" in err

    assert main(["data", "list", "p.zri", "--json"]) == 0
    gone = json.loads(capsys.readouterr().out)
    assert gone["revoked"]
    assert gone["reason"] == "consent withdrawn"
    assert main(["data", "list", "p.zri"]) == 0
    assert "REVOKED since" in capsys.readouterr().out


def test_documents_and_columns(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder of documents is a corpus; chosen columns are the only cells."""
    (folder / "texts").mkdir()
    (folder / "texts" / "a.txt").write_text("The keeper counted nineteen grey herons before the bell. " * 3)
    more = ["--id", "harbour/books", "--key", "k", "--new-key", "-o", "b.zri", "--json"]
    assert main(["data", "register", "texts", *more]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["category"], made["documents"], made["rows"]) == ("domestic_corpus", 1, 0)
    assert register("--columns", "name,file", "--category", "important", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["category"], made["cells"]) == ("cn_important_data", 4)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--id", "Patients"], "OWNER/NAME"),
        (["--expires", "tomorrow"], "write a day"),
        (["--row-cells", "1"], "from 2 to 16"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_usage(more: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What can't be meant is told before anything is made."""
    with pytest.raises(SystemExit) as raised:
        register("--new-key", *more)
    assert raised.value.code == 2
    assert said in capsys.readouterr().err
    assert not Path("k").exists()


def test_nothing_is_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing key is not made unasked; neither key nor index is ever overwritten."""
    assert register() == 2
    assert "the owner's key `k` is missing" in capsys.readouterr().err
    assert register("--new-key") == 0
    assert register() == 2
    (folder / "p.zri").rename(folder / "q.zri")
    assert register("--new-key") == 2
    assert "exists already" in capsys.readouterr().err


def test_a_broken_index_is_told_and_the_others_are_listed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One bad file hides no other; the exit code tells."""
    assert register("--new-key") == 0
    (folder / "x.zri").write_bytes(b"x")
    capsys.readouterr()
    assert main(["data", "list", "x.zri", "p.zri"]) == 2
    out, err = capsys.readouterr()
    assert "harbour/patients" in out
    assert "`x.zri` can't be used" in err


def test_reload_needs_a_running_zone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where no zone runs, that is said."""
    assert main(["init", "zone"]) == 0
    capsys.readouterr()
    assert main(["data", "reload", "--config", "zone/zone.yaml"]) == 2
    assert main(["data", "list", "--config", "zone/zone.yaml"]) == 0
    assert "no data set is registered" in capsys.readouterr().out
