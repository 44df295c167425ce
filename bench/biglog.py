"""Logs of any length for the benchmarks, written in bounded time and memory.

The records are those of `bench.pilot`, spelled once; what differs from record to record (flow, times, sizes,
counts, tokens, tenant's address, chain and commitment) is put in as bytes. A written log is an ordinary one:
the audit, the foreign verifiers and replay accept it. Files are written plainly, without flushes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from bench import pilot
from tests.support import logs
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.frontier import Frontier, TileFile
from zoneproxy.trace.merkle import leaf_hash
from zoneproxy.trace.opening import commit
from zoneproxy.trace.opening_files import encode_openings, open_path
from zoneproxy.trace.reader import policy_path
from zoneproxy.trace.schema import private_fields
from zoneproxy.trace.tiles import WIDTH


def write(root: Path, entries: int, *, openings: bool = True) -> Path:
    """Write a log of at least this many entries: whole exchanges after its `log_open` and `activation`.

    Args:
        root: a directory that is not there yet.
        entries: how many.
        openings: write the private parts too; without them it is a public copy.
    """
    root.mkdir(parents=True)
    (root / "policy").mkdir()
    for layer in pilot.LAYERS:
        data = pilot.policy_bytes(layer)
        (root / policy_path(hashlib.sha256(data).hexdigest())).write_bytes(data)
    name = logs.ORIGIN.replace("/", "-")
    (root / f"{name}.vkey").write_text("".join(f"{key.vkey}\n" for key in logs.signer().verifiers), "utf-8")
    edge, records = Frontier(), list[bytes]()
    for entry, record in _items(entries):
        records.append(record)
        for file in edge.append(entry, leaf_hash(entry)):
            _put(root, file)
        if len(records) == WIDTH:
            _put_openings(root, edge.size // WIDTH - 1, records if openings else [])
            records.clear()
    _put_openings(root, edge.size // WIDTH, records if openings else [])
    for file in edge.partials():
        _put(root, file)
    note = sign_checkpoint(Checkpoint(logs.ORIGIN, edge.size, edge.root()), [logs.signer()])
    (root / "checkpoint").write_bytes(note.data)
    return root


def _items(entries: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield entries with their opening records."""
    writer = logs.Writer()
    first = writer.opening()
    yield first.entry, first.opening
    named = [
        {"layer": layer, "digest": hashlib.sha256(pilot.policy_bytes(layer)).hexdigest()}
        for layer in pilot.LAYERS
    ]
    in_force = writer.item("activation", {"cause": "start", "policy": named})
    yield in_force.entry, in_force.opening
    decision = writer.item("decision", pilot.decision_record(_FLOW)).entry.decode()
    returned = writer.item("return", pilot.return_record(1, _FLOW)).entry.decode()
    admit, end = _Template(decision), _Template(returned)
    before, index = leaf_hash(in_force.entry), 2
    while index < entries:
        number = index
        for made, kind in ((admit, "decision"), (end, "return")):
            private = dict(pilot.private_part(kind))
            if kind == "decision":
                private["client.ip"] = f"198.51.{number >> 8 & 255}.{number & 255}"
            prv, opening = commit(private_fields(kind, private), number.to_bytes(32, "big"))
            entry = made.fill(number, index, before, prv)
            before = leaf_hash(entry)
            index += 1
            yield entry, opening


_FLOW = 5


class _Template:
    """A record with what differs taken out."""

    def __init__(self, spelled: str) -> None:
        value = json.loads(spelled)
        text = spelled.replace("{", "{{").replace("}", "}}")
        for old, new in (
            (f'"flow":"{value["flow"]}"', '"flow":"00000000-0000-0000-0000-{flow:012x}"'),
            (f'"prv":"{value["prv"]}"', '"prv":"{prv}"'),
            (f'"wp":"{value["wp"]}"', '"wp":"{wp}"'),
            (f'"ws":{value["ws"]}', '"ws":{index}'),
            (f'"ts":{value["ts"]}', '"ts":{ts}'),
            (f'"mono":{value["mono"]}', '"mono":{mono}'),
            ('"request.bytes":1024', '"request.bytes":{size}'),
            ('"dec":1,', '"dec":{flow},'),
            ('"completion":5,"prompt":3', '"completion":{out},"prompt":{size}'),
            ('"answer":10,"delivered":10', '"answer":{out},"delivered":{out}'),
        ):
            text = text.replace(old, new)
        self._text = text

    def fill(self, flow: int, index: int, before: bytes, prv: str) -> bytes:
        return self._text.format(
            flow=flow,
            index=index,
            prv=prv,
            wp=before.hex(),
            ts=logs.START_MS + index * 40,
            mono=index * 40,
            size=100 + flow * 7919 % 30_000,
            out=1 + flow * 104_729 % 4_000,
        ).encode()


def _put(root: Path, file: TileFile) -> None:
    path = root / file.tile.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.data)


def _put_openings(root: Path, bundle: int, records: list[bytes]) -> None:
    if records:
        path = root / open_path(bundle)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_openings(records))
