"""`zoneproxy.adapters.state.policy_state`: the high-water mark never goes back, whatever the disk does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.bundles import pilot_bundle
from tests.support.crash_files import CrashFiles, PowerLossError
from zoneproxy.adapters.state.policy_state import FILE, Mark, PolicyState, Remembered
from zoneproxy.policy.bundle_file import read_bundle
from zoneproxy.terms.errors import ConfigError

ONE = read_bundle(pilot_bundle("operator", 1), "one")
TWO = read_bundle(pilot_bundle("operator", 2), "two")


def remembered(bundle: object = ONE, *shadows: str) -> Remembered:
    return Remembered({"operator": Mark.of(bundle)}, shadows)  # type: ignore[arg-type]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Marks, shadows and bundles come back; nothing is remembered at first."""
    state = PolicyState(tmp_path / "a" / "b")
    assert state.read() == Remembered()
    assert not (tmp_path / "a").exists()
    state.keep([ONE, TWO])
    state.write(remembered(ONE, TWO.digest))
    again = PolicyState(tmp_path / "a" / "b")
    assert again.read() == remembered(ONE, TWO.digest)
    assert again.bundle(ONE.digest) == ONE.data
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "a/b").iterdir()} == {0}
    with pytest.raises(ConfigError, match="is gone"):
        again.bundle("0" * 64)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"",
        lambda data: data[:-2],
        lambda data: data.replace(b":1", b": 1"),
        lambda data: data.replace(b'"shadows":[]', b'"shadows":{}'),
        lambda data: data.replace(b"revision", b"rev"),
        lambda data: data.replace(b"state-1", b"state-2"),
        lambda data: b"[" * 100_000,
        lambda data: b"[]\n",
    ],
)
def test_a_memory_that_was_changed_is_not_believed(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    """Half a file, or one that another program wrote, stops the start: an older policy could come back."""
    state = PolicyState(tmp_path)
    state.write(remembered())
    path = tmp_path / FILE
    path.chmod(0o600)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ConfigError, match="can't be read"):
        PolicyState(tmp_path).read()


def test_the_higher_mark_stands() -> None:
    """Whichever worker writes, no mark goes back."""
    for one, two in ((remembered(ONE), remembered(TWO)), (remembered(TWO), remembered(ONE))):
        assert one.highest(two).layers["operator"] == Mark.of(TWO)
    assert remembered(ONE, "a").highest(Remembered()) == remembered(ONE, "a")
    assert Remembered().highest(remembered(ONE)).layers == remembered(ONE).layers


def test_links_and_foreign_files(tmp_path: Path) -> None:
    """A link in the folder is not followed."""
    (tmp_path / FILE).symlink_to("/etc/passwd")
    with pytest.raises(ConfigError, match="link"):
        PolicyState(tmp_path).read()


def test_power_loss_at_every_moment_leaves_the_old_mark_or_the_new_one() -> None:
    """Whatever is lost, the mark that was acknowledged stays, and its bundle is there."""
    files = CrashFiles()
    before = PolicyState(Path("x"), files)
    before.keep([ONE])
    before.write(remembered(ONE))
    disk = next(files.disks())
    for moment in range(1000):
        crashing = CrashFiles(disk, crash_at=moment)
        state = PolicyState(Path("x"), crashing)
        try:
            state.keep([TWO])
            state.write(remembered(TWO))
            done = True
        except PowerLossError:
            done = False
        for left in crashing.disks():
            after = PolicyState(Path("x"), CrashFiles(left))
            mark = after.read().layers["operator"]
            assert mark == Mark.of(TWO) or (not done and mark == Mark.of(ONE))
            assert after.bundle(mark.digest) in (ONE.data, TWO.data)
        if done:
            return
    raise AssertionError("it never ended")
