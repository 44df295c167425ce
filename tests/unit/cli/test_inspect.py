"""`zoneproxy.cli.inspect`: what is told of a body, what is not, and the records' predictions."""

from __future__ import annotations

import base64
import gzip
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.unit.content.identifiers import KEY, near_miss, resident_id
from zoneproxy.cli.main import main
from zoneproxy.content.dialects import recognise
from zoneproxy.content.request import RequestLimits, read_request
from zoneproxy.content.scan import ScanSettings, scan_text

IDENTIFIER = resident_id(7)
CHAT = json.dumps({
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": f"who is {IDENTIFIER}?"},
        {"role": "tool", "content": base64.b64encode(b"call +86 138 1234 5678 now").decode()},
    ],
})  # fmt: skip


def written(folder: Path, data: bytes | str) -> str:
    path = folder / "body"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


def test_a_body_is_told_without_its_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kinds, owners, places, steps and the verdict are told; the values are not; exit code 1."""
    assert main(["inspect", written(tmp_path, CHAT), "--content-type", "application/json"]) == 1
    told = capsys.readouterr().out
    assert "cn_resident_id user[7:25] level 1" in told
    assert "cn_mobile tool[0:36] level 1" in told
    assert "steps: base64\n" in told
    assert "verdict: detected" in told
    assert IDENTIFIER not in told
    assert "1234" not in told


def test_values_are_shown_where_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--show` the canonical values stand beside the kinds, in JSON too."""
    path = written(tmp_path, CHAT)
    assert main(["inspect", path, "--show"]) == 1
    assert f"'{IDENTIFIER}'" in capsys.readouterr().out
    assert main(["inspect", path, "--show", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [found["value"] for found in told["findings"]] == [IDENTIFIER, "13812345678"]
    assert told["segments"]["user"] == len("user") + len(f"who is {IDENTIFIER}?")


def test_json_bears_no_value_by_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON object, without values or digests."""
    main(["inspect", written(tmp_path, CHAT), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert all("value" not in found and "digest" not in found for found in told["findings"])
    assert told["whole"] is True
    assert told["mixing"] == "detected"


def test_a_clean_body(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing found and everything looked into: exit code 0; the near miss of an identifier is clean."""
    assert main(["inspect", written(tmp_path, f"number {near_miss(IDENTIFIER)}")]) == 0
    assert "verdict: clean, score 0" in capsys.readouterr().out


def test_what_cant_be_looked_into(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A body that is torn or of an unknown encoding is no clean one: exit code 3."""
    torn = written(tmp_path, gzip.compress(b"words " * 1000)[:-20])
    assert main(["inspect", torn, "--content-encoding", "gzip"]) == 3
    assert "not everything could be looked into" in capsys.readouterr().out
    assert main(["inspect", written(tmp_path, "x"), "--content-encoding", "br"]) == 3


def test_the_direction_decides_about_assets(tmp_path: Path) -> None:
    """A model file counts where it leaves, not where it enters."""
    header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    path = written(tmp_path, len(header).to_bytes(8, "little") + header + bytes(4))
    assert main(["inspect", path, "--direction", "out"]) == 1
    assert main(["inspect", path, "--direction", "in"]) != 1


def test_stdin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`-` is stdin."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(IDENTIFIER.encode())))
    assert main(["inspect", "-"]) == 1
    assert "cn_resident_id" in capsys.readouterr().out


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file is an error with a remedy: exit code 2."""
    assert main(["inspect", str(tmp_path / "none")]) == 2
    assert "hint: check its name" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--records", "a"], ["x", "--out", "b"], ["x", "--records", "a"]])
def test_usage(words: list[str]) -> None:
    """Either one body or records with their predictions: anything else is a usage error."""
    with pytest.raises(SystemExit) as stopped:
        main(["inspect", *words])
    assert stopped.value.code == 2


def test_records_become_predictions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Text and packed bodies are read with their type and encoding; each gets one prediction."""
    packed = base64.b64encode(gzip.compress(CHAT.encode())).decode()
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(
        "\n".join(
            json.dumps(record)
            for record in (
                {"id": "a", "text": f"id {IDENTIFIER}", "content_type": "text/plain", "content_encoding": ""},
                {
                    "id": "b",
                    "body_b64": packed,
                    "content_type": "application/json",
                    "content_encoding": "gzip",
                },
                {"id": "c", "text": "nothing", "labels": ["CN_MOBILE"]},
                {"id": "d", "text": "x", "content_encoding": "br"},
            )
        )
        + "\n\n"
    )
    assert main(["inspect", "--records", str(source), "--out", str(target)]) == 0
    assert [json.loads(line) for line in target.read_text().splitlines()] == [
        {"id": "a", "labels": ["CN_RESIDENT_ID"], "whole": True},
        {"id": "b", "labels": ["CN_MOBILE", "CN_RESIDENT_ID"], "whole": True},
        {"id": "c", "labels": [], "whole": True},
        {"id": "d", "labels": [], "whole": False},
    ]
    assert capsys.readouterr().err == f"4 predictions written to {target}\n"


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "x"}', '{"id": "x", "body_b64": "?"}', '{"text": "x"}'])
def test_a_line_that_is_no_record(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line that is no record is named by its number: exit code 2."""
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": "a", "text": ""}\n' + line + "\n")
    assert main(["inspect", "--records", str(source), "--out", str(tmp_path / "out")]) == 2
    assert f"line 2 of `{source}` is not a record" in capsys.readouterr().err


def test_the_pipeline_is_the_boundary_s(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is told of a request is what the boundary finds in it, at the same places."""
    main(["inspect", written(tmp_path, CHAT), "--content-type", "application/json", "--json"])
    told = [
        (found["kind"], found["segment"], found["start"], found["end"])
        for found in json.loads(capsys.readouterr().out)["findings"]
    ]
    endpoint = recognise("POST", "/v1/chat/completions")
    assert endpoint is not None
    reading = read_request(endpoint, "application/json", None, CHAT.encode(), RequestLimits())
    found = [
        finding
        for owner, text in reading.segments
        for finding in scan_text(text, owner, ScanSettings(2, KEY))
    ]
    assert told == [(one.kind, one.segment.value, one.start, one.end) for one in found]
