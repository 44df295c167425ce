"""`zoneproxy.assembly.policies`: what a zone starts with, and what it refuses to start with."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.bundles import name_bundles, pilot_bundle
from tests.support.ports import free_port
from zoneproxy.adapters.state.policy_state import FILE, Mark, PolicyState, Remembered
from zoneproxy.assembly.policies import PolicySet, read_policies
from zoneproxy.cli.main import main
from zoneproxy.config import parse
from zoneproxy.policy.bundle_archive import pack, unpack
from zoneproxy.policy.bundle_file import SIGNATURES, read_bundle
from zoneproxy.policy.moment import moment_ms
from zoneproxy.terms.errors import ConfigError

NOW_MS = moment_ms("2026-11-21")
PLAIN = "policies/shantou-pilot.operator.yaml"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "zone"
    assert main(["init", str(folder), "--port", str(free_port())]) == 0
    return folder


@pytest.fixture
def plain(made: Path, tmp_path: Path) -> Path:
    """A zone of plain files."""
    return shutil.copytree(made, tmp_path / "zone")


@pytest.fixture
def folder(plain: Path) -> Path:
    """A zone of signed bundles."""
    name_bundles(plain)
    return plain


def started(
    folder: Path, *, production: bool = True, now_ms: int = NOW_MS
) -> tuple[PolicySet, tuple[str, ...]]:
    config = parse((folder / "zone.yaml").read_bytes(), "zone.yaml")
    state = PolicyState(folder / "state/policies")
    return read_policies(config, folder, state, production=production, now_ms=now_ms)


def remember(folder: Path, *revisions: tuple[str, int], shadows: tuple[bytes, ...] = ()) -> None:
    """Leave the memory of a zone that activated these."""
    bundles = [read_bundle(pilot_bundle(layer, revision), layer) for layer, revision in revisions]
    watching = [read_bundle(data, "shadow") for data in shadows]
    state = PolicyState(folder / "state/policies")
    state.keep([*bundles, *watching])
    marks = {bundle.layer: Mark.of(bundle) for bundle in bundles}
    state.write(Remembered(marks, tuple(bundle.digest for bundle in watching)))


def edit(folder: Path, old: str, new: str) -> None:
    config = folder / "zone.yaml"
    text = config.read_text("utf-8")
    assert old in text
    config.write_text(text.replace(old, new), "utf-8")


def revisions(made: PolicySet) -> list[int]:
    return [policy.revision for policy in made.policies]


def test_plain_files_are_said_loud(plain: Path) -> None:
    """In production each unsigned layer is told at the start, and its record names no signer."""
    made, notes = started(plain)
    assert [note.partition(":")[0] for note in notes] == [
        "the regulator's layer is NOT SIGNED",
        "the operator's layer is NOT SIGNED",
    ]
    assert all("signers" not in one.named() for one in made.layers)
    assert started(plain, production=False)[1] == ()


def test_bundles_start_without_a_word(folder: Path) -> None:
    """Two signed bundles; their marks are what must be remembered."""
    made, notes = started(folder)
    assert notes == ()
    assert {layer: mark.revision for layer, mark in made.remembered.layers.items()} == {
        "regulator": 1,
        "operator": 1,
    }
    assert not (folder / "state").exists()


def unsign(path: Path) -> None:
    members = unpack(path.read_bytes(), "x")
    path.write_bytes(pack({name: data for name, data in members.items() if name != SIGNATURES}))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-700])


def break_memory(folder: Path) -> None:
    remember(folder, ("operator", 2))
    (folder / "state/policies" / FILE).chmod(0o600)
    (folder / "state/policies" / FILE).write_bytes(b"{}")


def lose_bundle(folder: Path) -> None:
    remember(folder, ("operator", 2))
    for path in (folder / "state/policies").glob("*.zpb"):
        path.unlink()


def exchange_bundle(folder: Path) -> None:
    remember(folder, ("operator", 2))
    for path in (folder / "state/policies").glob("*.zpb"):
        path.chmod(0o600)
        path.write_bytes(pilot_bundle("operator", 3))


def expire(folder: Path) -> None:
    short = ('until: "2030-12-31"}\n  desc', 'until: "2026-11-21"}\n  desc')
    (folder / "policies/operator.zpb").write_bytes(pilot_bundle("operator", 1, short))


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "one layer a plain file": (
        lambda folder: edit(folder, "policies/operator.zpb", PLAIN),
        "the operator's layer .* is a plain file, which nobody signed",
    ),
    "one layer unsigned": (lambda folder: unsign(folder / "policies/operator.zpb"), "0 of the 1 signatures"),
    "half written": (lambda folder: cut(folder / "policies/regulator.zpb"), "cut short"),
    "layers exchanged": (
        lambda folder: (folder / "policies/operator.zpb").write_bytes(pilot_bundle("regulator")),
        "which is the regulator's layer",
    ),
    "nobody named": (lambda folder: edit(folder, "    operator: {keys", "    #"), "nobody is named"),
    "memory broken": (break_memory, "can't be read"),
    "bundle of the memory gone": (lose_bundle, "is gone"),
    "bundle of the memory exchanged": (exchange_bundle, "is not the bundle that was activated"),
    "new, and not in force": (expire, "it is in force from"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_zone_does_not_start_with(folder: Path, name: str) -> None:
    """Z22: each is told with a remedy, and nothing was written."""
    change, told = REFUSED[name]
    change(folder)
    now_ms = moment_ms("2026-11-23") if "not in force" in name else NOW_MS
    with pytest.raises(ConfigError, match=told) as caught:
        started(folder, now_ms=now_ms)
    assert caught.value.hint


def test_the_activated_bundle_stays_until_a_newer_one_is_named(folder: Path) -> None:
    """Rolled back by hand in zone.yaml, the zone keeps what was activated, and says so."""
    remember(folder, ("operator", 2), ("regulator", 1))
    made, notes = started(folder)
    assert revisions(made) == [1, 2]
    (note,) = notes
    assert (
        note == "zone.yaml names revision 1 of the operator's layer; the activated revision 2 stays in force"
    )
    (folder / "policies/operator.zpb").write_bytes(pilot_bundle("operator", 3))
    made, notes = started(folder)
    assert (revisions(made), notes) == ([1, 3], ())
    assert made.remembered.layers["operator"].revision == 3


def test_another_bundle_of_the_same_revision_is_not_taken_up(folder: Path) -> None:
    """The one that was in force is; more signatures on it are no other bundle."""
    remember(folder, ("operator", 1), ("regulator", 1))
    in_force = pilot_bundle("operator", 1)
    changed = pilot_bundle("operator", 1, ("description: Inbound", "description: Other inbound"))
    (folder / "policies/operator.zpb").write_bytes(changed)
    made, notes = started(folder)
    assert made.layers[1].data == in_force
    assert len(notes) == 1
    stripped = read_bundle(in_force, "x").signed(b"x")
    assert read_bundle(stripped, "x").content == made.layers[1].bundle.content  # type: ignore[union-attr]


def test_what_expired_meanwhile_starts_and_denies(folder: Path) -> None:
    """Everything is denied outside the window; the start says so instead of failing."""
    remember(folder, ("operator", 1), ("regulator", 1))
    _, notes = started(folder, now_ms=moment_ms("2031-06-01"))
    assert len(notes) == 2
    assert all("everything is denied" in note for note in notes)


def test_a_shadow_that_can_not_be_taken_up_is_left_out(folder: Path) -> None:
    """What only watches stops nothing, not even the start."""
    good = pilot_bundle("operator", 5)
    remember(folder, ("operator", 1), ("regulator", 1), shadows=(good,))
    made, notes = started(folder)
    assert ([policy.revision for policy in made.watching], notes) == ([5], ())
    assert all(policy.shadow for policy in made.watching)
    (folder / "state/policies" / f"{made.watching[0].digest}.zpb").unlink()
    made, notes = started(folder)
    assert made.watching == ()
    assert "a shadow bundle is left out" in notes[0]


def test_a_shadow_of_what_is_in_force_has_ended(folder: Path) -> None:
    """Once zone.yaml names the bundle itself, nothing is left to watch."""
    five = pilot_bundle("operator", 5)
    remember(folder, ("operator", 1), ("regulator", 1), shadows=(five,))
    (folder / "policies/operator.zpb").write_bytes(five)
    made, notes = started(folder)
    assert (revisions(made), made.watching, notes) == ([1, 5], (), ())
