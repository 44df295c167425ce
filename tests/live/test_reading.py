"""A regulator and a customer who trust nobody: reading over HTTP, receipts, tickets, a bare machine."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path

import pytest

from demo.echo_server import serving
from demo.programs import ROOT
from tests.support.decided_log import GOOD, MIXED, MODELS, NOT_JSON, write_decided
from tests.support.logs import joint_signer, write_log
from tests.support.served import served
from tests.support.zone_process import ZoneFolder, make_zone
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.keys.keyfiles import load_signer
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.cli.main import main
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.proof import check_proof, parse_proof
from zoneproxy.trace.wal import Item

PRIVATE = ("wal", "open", "state")
CHAT = {"model": "zone-llm-02", "messages": [{"role": "user", "content": "one two three"}]}

# Nothing but the base install's own packages may be imported: anything else is not there.
BARE = """
import sys
ALLOWED = set('''
zoneproxy pydantic pydantic_core annotated_types typing_extensions typing_inspection yaml _yaml structlog
cryptography cffi _cffi_backend pycparser urllib3 h11 multipart
'''.split())
class Bare:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in ALLOWED and top not in sys.stdlib_module_names and not top.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"not installed: {name}", name=name)
sys.meta_path.insert(0, Bare())
try:
    import mitmproxy
    raise SystemExit("the import is not blocked")
except ModuleNotFoundError:
    pass
import contextlib, io, json
from zoneproxy.cli.main import main
told = []
for words in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    told.append((code, out.getvalue(), err.getvalue()))
assert not {"mitmproxy", "addons", "rfc3161_client", "openai"} & set(sys.modules)
json.dump(told, sys.stdout)
"""


def bare(*commands: tuple[str, ...]) -> list[tuple[int, str, str]]:
    """Run commands where only `pip install zoneproxy` was done; each gives exit code, stdout and stderr."""
    ended = subprocess.run(
        [sys.executable, "-c", BARE],
        input=json.dumps(commands), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return [(code, out, err) for code, out, err in json.loads(ended.stdout)]


def public(root: Path) -> Path:
    """Take away what is private, as a copy on a web server has it."""
    for name in PRIVATE:
        shutil.rmtree(root / name)
    return root


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    put(path, bytes(data))


def put(path: Path, data: bytes) -> None:
    path.unlink()
    path.write_bytes(data)


def swap(one: Path, other: Path) -> None:
    kept = one.read_bytes()
    put(one, other.read_bytes())
    put(other, kept)


MUTANTS: dict[str, Callable[[Path], object]] = {
    "clean": lambda _: None,
    "entry": lambda root: flip(root / "tile/entries/000", 500),
    "tile": lambda root: flip(root / "tile/0/001", 40),
    "upper tile": lambda root: flip(root / "tile/1/000.p/2", 7),
    "cut": lambda root: put(root / "tile/entries/001", b"x"),
    "bundle gone": lambda root: (root / "tile/entries/001").unlink(),
    "tile gone": lambda root: (root / "tile/0/000").unlink(),
    "swapped": lambda root: swap(root / "tile/entries/000", root / "tile/entries/001"),
    "root": lambda root: flip(root / "checkpoint", 40),
    "signature": lambda root: flip(root / "checkpoint", 300),
    "checkpoint gone": lambda root: (root / "checkpoint").unlink(),
    "too long": lambda root: put(root / "tile/0/000", bytes(9000)),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return public(write_log(tmp_path_factory.mktemp("tree") / "log", [300], joint_signer()))


@pytest.mark.parametrize("mutant", MUTANTS)
def test_an_address_is_judged_as_its_directory(
    tree: Path, tmp_path: Path, mutant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over HTTP the verifier says the same, flaw by flaw, of a clean log and of each mutated one (Z14)."""
    root = shutil.copytree(tree, tmp_path / "log")
    MUTANTS[mutant](root)
    keys = str(next(root.glob("*.vkey")))
    with served(root, joint_signer().verifiers) as url:
        code = main(["log", "verify", str(root), "--vkey", keys, "--json"])
        told = capsys.readouterr().out
        assert main(["log", "verify", url, "--vkey", keys, "--json"]) == code
        assert capsys.readouterr().out == told
    assert (code == 0) is (mutant == "clean")


def test_a_bare_machine_verifies_and_replays(tmp_path: Path) -> None:
    """With the base install alone a regulator verifies, replays and proves, from a directory and a URL."""
    root = public(write_decided(tmp_path / "log", [GOOD, MODELS, MIXED, NOT_JSON], in_force=True))
    trust = ("--vkey", str(next(root.glob("*.vkey"))))
    proof = str(tmp_path / "2.tlog-proof")
    with served(root) as url:
        told = bare(
            *(
                words
                for place in (str(root), url)
                for words in (
                    ("log", "verify", place, "--json", *trust),
                    ("replay", place, "--json", *trust),
                    ("log", "prove", place, "2", *trust),
                    ("log", "consistency", place, str(root / "checkpoint"), *trust),
                    ("policy", "why", f"{place}#3", *trust),
                )
            ),
            ("log", "prove", str(root), "2", "-o", proof, *trust),
            ("log", "check-proof", proof, *trust),
        )
    assert told[:5] == told[5:10]
    codes = [code for code, _, _ in told]
    assert codes[0] == codes[2] == codes[3] == codes[10] == codes[11] == 0
    assert codes[1] in {0, 3}  # private facts are not in a public copy
    assert not any("Traceback" in err for _, _, err in told)


# ---- tickets -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> tuple[ZoneFolder, dict[str, Message]]:
    """A zone that has answered three times: whole, streamed, refused; with the heads of the answers."""
    with serving() as upstream:
        made = make_zone(tmp_path_factory.mktemp("zone") / "zone", upstream.port)
        with made.serving():
            heads = {
                "whole": ask(made, CHAT),
                "streamed": ask(made, CHAT | {"stream": True}),
                "refused": ask(made, CHAT, credential="zp-wrong"),
            }
    return made, heads


def ask(zone: ZoneFolder, body: Mapping[str, object], *, credential: str = "") -> Message:
    """Ask as a customer and return the answer's head."""
    line = HTTPConnection("127.0.10.1", zone.port, timeout=20)
    bearer = credential or zone.credentials["toyco-sg"]
    headers = {"authorization": f"Bearer {bearer}", "content-type": "application/json"}
    line.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer.headers


def test_every_answer_bears_a_ticket_that_fits(
    zone: tuple[ZoneFolder, dict[str, Message]], tmp_path: Path
) -> None:
    """Whole, streamed or refused: the ticket's entry stands in the log, and has a receipt (Z14, Z19)."""
    made, heads = zone
    keys = [word for path in made.shard.glob("*.vkey") for word in ("--vkey", str(path))]
    for kind, head in heads.items():
        (tmp_path / kind).write_text(head["zone-trace-ticket"])
    told = bare(
        *(("verify-ticket", str(tmp_path / kind), "--log", str(made.log), *keys, "--json") for kind in heads)
    )
    with served(made.log) as url:
        for (code, out, err), head in zip(told, heads.values(), strict=True):
            assert code == 0, err
            ticket = json.loads(out)
            assert head["zone-trace"] == f"{ticket['origin']}#{ticket['index']}"
            place = f"{url}/receipt/{ticket['origin']}/{ticket['index']}"
            with urllib.request.urlopen(place, timeout=10) as receipt:
                proof = parse_proof(receipt.read())
            assert check_proof(proof, open_log(made.shard).vkeys)[0].size > ticket["index"]


def test_a_dropped_entry_is_proven(zone: tuple[ZoneFolder, dict[str, Message]], tmp_path: Path) -> None:
    """An operator who leaves an entry out, all keys in hand, is convicted by the ticket (Z14)."""
    made, heads = zone
    ticket, proof = tmp_path / "ticket", tmp_path / "dropped.omission"
    ticket.write_text(heads["refused"]["zone-trace-ticket"])
    index = int(heads["refused"]["zone-trace"].rpartition("#")[2])
    entries = [Item(entry) for number, entry in open_log(made.shard).entries() if number != index]
    origin = open_log(made.shard).checkpoint().origin
    keys = [word for path in made.shard.glob("*.vkey") for word in ("--vkey", str(path))]
    for name, kept in (("inside", entries), ("end", entries[:index])):
        (tmp_path / name).mkdir()
        files = DiskFiles(tmp_path / name)
        ledger = Ledger(files, origin, load_signer(made.path / "keys/log" / f"{made.shard.name}.key", origin))
        ledger.create(kept[0])
        ledger.append(kept[1:])
        ledger.publish()
        files.close()
    told = bare(
        ("verify-ticket", str(ticket), "--log", str(tmp_path / "inside"), *keys, "-o", str(proof)),
        ("verify-ticket", str(proof), *keys),
        ("verify-ticket", str(ticket), "--log", str(tmp_path / "end"), *keys),
    )
    assert [code for code, _, _ in told] == [5, 5, 3], told
    assert "the log broke its promise" in told[1][1]


def test_the_zone_says_whose_tickets_it_gives(zone: tuple[ZoneFolder, dict[str, Message]]) -> None:
    """The ticket key stands in the log itself: the operator can't disown it."""
    made, _ = zone
    told = [json.loads(entry) for _, entry in open_log(made.shard).entries()]
    (key,) = [entry for entry in told if entry["t"] == "key"]
    assert (key["role"], key["action"]) == ("ticket", "add")
    lying = [path.read_text().split() for path in made.shard.glob("*ticket.vkey")]
    assert lying == [key["keys"]]
