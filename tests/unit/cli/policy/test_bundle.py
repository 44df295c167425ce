"""`zoneproxy policy keygen`, `sign` and `verify`: from a policy to a bundle that can be believed."""

from __future__ import annotations

import argparse
import json
import shutil
import stat
from pathlib import Path

import pytest

from tests.support.bundles import TEST
from tests.support.small_policy import THREE_RULES, rule, text
from zoneproxy.cli.policy.commands import add_parser
from zoneproxy.policy.bundle_file import read_bundle
from zoneproxy.terms.errors import ConfigError, PolicyError

Shown = pytest.CaptureFixture[str]


def zoneproxy(*words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["policy", *map(str, words)])
    return int(args.func(args))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small policy with its test beside it, and two keys."""
    (tmp_path / "small.yaml").write_bytes(text(THREE_RULES))
    (tmp_path / "small_test.yaml").write_text(TEST, "utf-8")
    for name in ("one", "two"):
        assert zoneproxy("keygen", f"zone.example/policy/{name}", "--out", tmp_path / f"{name}.key") == 0
    return tmp_path


def sign(folder: Path, *words: str | Path, key: str = "one") -> int:
    return zoneproxy("sign", *words, "--key", folder / f"{key}.key")


def test_keys(folder: Path, capsys: Shown) -> None:
    """The secret half is the owner's alone; the public half is what zone.yaml names; none is overwritten."""
    capsys.readouterr()
    assert zoneproxy("keygen", "zone.example/policy/three", "--out", folder / "three.key") == 0
    line = capsys.readouterr().out
    assert line == (folder / "three.vkey").read_text("utf-8")
    assert line.startswith("zone.example/policy/three+")
    assert stat.S_IMODE((folder / "three.key").stat().st_mode) == 0o600
    for name, out in (("x", "three.key"), ("x", "four.pem"), ("has space", "four.key")):
        with pytest.raises(ConfigError) as caught:
            zoneproxy("keygen", name, "--out", folder / out)
        assert caught.value.hint
    assert not (folder / "four.key").exists()


def test_a_bundle_is_made_signed_and_verified(folder: Path, capsys: Shown) -> None:
    """The usual test file is found; the summary goes to stderr."""
    assert sign(folder, folder / "small.yaml") == 0
    shown = capsys.readouterr()
    assert "signed operator `small` 1.0.0, revision 1" in shown.err
    assert "bears the names of: `zone.example/policy/one`" in shown.err
    bundle = folder / "small.zpb"
    assert zoneproxy("verify", bundle, "--vkey", folder / "one.vkey", "--recheck") == 0
    assert f"ok: `{bundle}` may be activated" in capsys.readouterr().out


def test_a_second_signature(folder: Path, capsys: Shown) -> None:
    """Two of two: one is not enough, both are; each key signs once."""
    bundle = folder / "small.zpb"
    both = ("--vkey", folder / "one.vkey", "--vkey", folder / "two.vkey")
    sign(folder, folder / "small.yaml")
    content = read_bundle(bundle.read_bytes(), "x").content
    assert zoneproxy("verify", bundle, *both) == 1
    assert "error[ZB06]: 1 of the 2 signatures" in capsys.readouterr().err
    assert zoneproxy("verify", bundle, *both, "--needed", "1") == 0
    assert sign(folder, bundle, key="two") == 0
    assert zoneproxy("verify", bundle, *both) == 0
    assert read_bundle(bundle.read_bytes(), "x").content == content
    before = bundle.read_bytes()
    assert sign(folder, bundle, key="two") == 1
    assert bundle.read_bytes() == before
    with pytest.raises(ConfigError, match="holds its tests"):
        sign(folder, bundle, "--test", folder / "small_test.yaml")


def test_nothing_is_signed_where_something_fails(folder: Path, capsys: Shown) -> None:
    """A failing test, a failing proof, no tests: exit 1, every reason told, no bundle there."""
    (folder / "small_test.yaml").write_text(TEST.replace("origin.agreeing: 3", "origin.agreeing: 1"), "utf-8")
    assert sign(folder, folder / "small.yaml") == 1
    assert "error[ZB10]" in (said := capsys.readouterr().err)
    assert said.endswith("zoneproxy: nothing was signed\n")
    (folder / "small_test.yaml").unlink()
    assert sign(folder, folder / "small.yaml") == 1
    assert "it has no tests" in capsys.readouterr().err
    (folder / "small.yaml").write_text("kind: Nothing\n", "utf-8")
    with pytest.raises(PolicyError) as caught:
        sign(folder, folder / "small.yaml")
    assert caught.value.problems[0].file == str(folder / "small.yaml")
    assert not (folder / "small.zpb").exists()


def test_nothing_else_is_overwritten(folder: Path) -> None:
    """An older bundle is replaced, whole; any other file is not."""
    out = folder / "out.zpb"
    out.write_text("precious", "utf-8")
    with pytest.raises(ConfigError, match="is no bundle"):
        sign(folder, folder / "small.yaml", "--out", out)
    assert out.read_text("utf-8") == "precious"
    assert sign(folder, folder / "small.yaml") == sign(folder, folder / "small.yaml") == 0
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    with pytest.raises(ConfigError, match="can't be written"):
        sign(folder, folder / "small.yaml", "--out", folder / "none" / "x.zpb")


def test_the_two_halves_of_a_key_must_fit(folder: Path) -> None:
    """A name that belongs to another key signs nothing."""
    shutil.copy(folder / "two.vkey", folder / "one.vkey")
    with pytest.raises(ConfigError, match="is not the public half"):
        sign(folder, folder / "small.yaml")


def test_both_layers_are_proved_beside_each_other(folder: Path, capsys: Shown) -> None:
    """The other layer is given as a file or as a bundle."""
    floor = "rules:\n" + rule("{origin.class: overseas}", effect="allow", phase="collect", name="COL-901")
    (folder / "floor.yaml").write_bytes(text(floor, layer="regulator"))
    (folder / "floor_test.yaml").write_text(
        TEST.replace("small.yaml", "floor.yaml").replace("COL-900", "COL-901"), "utf-8"
    )
    assert sign(folder, folder / "floor.yaml") == 0
    for other in ("floor.yaml", "floor.zpb"):
        assert sign(folder, folder / "small.yaml", "--beside", folder / other) == 0
        made = read_bundle((folder / "small.zpb").read_bytes(), "x")
        assert set(made.folder("beside")) == {"floor.yaml"}
    capsys.readouterr()
    assert zoneproxy("prove", folder / "small.zpb", folder / "floor.zpb") == 0


def test_verify_tells_everything_at_once(folder: Path, capsys: Shown) -> None:
    """Unsigned by these keys and half written: each bundle has its reasons, for programs too."""
    sign(folder, folder / "small.yaml")
    half = folder / "half.zpb"
    half.write_bytes((folder / "small.zpb").read_bytes()[:-512])
    capsys.readouterr()
    assert zoneproxy("verify", folder / "small.zpb", half, "--vkey", folder / "two.vkey", "--json") == 1
    one, two = map(json.loads, capsys.readouterr().out.splitlines())
    assert ([flaw["code"] for flaw in one["flaws"]], one["revision"]) == (["ZB06"], 1)
    assert [flaw["code"] for flaw in two["flaws"]] == ["ZB01"]
    with pytest.raises(ConfigError):
        zoneproxy("verify", folder / "small.zpb", "--vkey", folder / "two.vkey", "--needed", "0")
    with pytest.raises(ConfigError, match="can't be read"):
        zoneproxy("verify", folder / "none.zpb", "--vkey", folder / "two.vkey")


def test_other_commands_read_bundles_too(folder: Path, capsys: Shown) -> None:
    """One loader: `check` takes a bundle, and tells what is wrong with a broken one."""
    sign(folder, folder / "small.yaml")
    assert zoneproxy("check", folder / "small.zpb") == 0
    (folder / "half.zpb").write_bytes((folder / "small.zpb").read_bytes()[:-512])
    capsys.readouterr()
    assert zoneproxy("check", folder / "half.zpb") == 1
    assert "ZB01" in capsys.readouterr().out
