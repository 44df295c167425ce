"""What is fuzzed: each parser of bytes that an enemy may shape, its one error, and good seeds.

A target takes any bytes. Where a parser's value can be written again, it must come back as it was: two
readers that take different spellings for one value could be told two things.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.logs import ORIGIN, decision, joint_signer
from zoneproxy.adapters.sequencer import wire as sequencer_wire
from zoneproxy.config import parse as parse_config
from zoneproxy.content.scan import ScanSettings, scan_body
from zoneproxy.content.sse import BrokenEventError, EventSplitter
from zoneproxy.content.strict_json import UnreadableError, read_value
from zoneproxy.origin.proxy_protocol import ProxyHeaderError, read_header
from zoneproxy.origin.signed_tag import TagError, read_origin
from zoneproxy.origin.structured import FieldError, read_dictionary
from zoneproxy.policy.bundle import load
from zoneproxy.policy.bundle_archive import pack, unpack
from zoneproxy.policy.bundle_flaws import BundleError
from zoneproxy.terms.errors import ConfigError, PolicyError, VerificationError
from zoneproxy.trace import (
    checkpoint,
    entry,
    evidence,
    note,
    opening,
    proof,
    submission,
    ticket,
    tiles,
    trust,
    wal,
)

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ScanSettings(4, bytes(32))
KINDS = ("application/json", "text/plain", "application/x-ndjson", "multipart/form-data; boundary=b",
         "application/octet-stream", "text/event-stream")  # fmt: skip
CODINGS = (None, "gzip", "deflate", "identity", "br")


@dataclass(frozen=True, slots=True)
class Target:
    """One parser.

    Attributes:
        run: feeds it; whatever it raises beside `errors` is a finding.
        errors: what it may raise.
        seeds: bytes that it takes.
    """

    run: Callable[[bytes], object]
    errors: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]


def _head() -> bytes:
    tree = checkpoint.Checkpoint(ORIGIN, 1, bytes(32))
    return checkpoint.sign_checkpoint(tree, [joint_signer()]).data


HEAD = _head()
VKEYS = [key.vkey for key in joint_signer().verifiers]


def same(parse: Callable[[bytes], object], write: Callable[[object], bytes]) -> Callable[[bytes], object]:
    """A target whose value must be written as it was read."""

    def run(data: bytes) -> None:
        if write(parse(data)) != data:
            raise AssertionError("two spellings of one value")

    return run


def _text(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: parse(data.decode("utf-8", "surrogateescape"))


def _scan(data: bytes) -> None:
    kind = KINDS[data[0] % len(KINDS)] if data else KINDS[0]
    coding = CODINGS[data[1] % len(CODINGS)] if data[1:] else None
    scan_body(data[2:], kind, coding, SETTINGS)


def _events(data: bytes) -> None:
    reader = EventSplitter(4096)
    for _ in reader.feed(data):
        pass


def _segment(data: bytes) -> None:
    groups, end = wal.read_segment(data)
    if end > len(data) or wal.decode_group(data) not in (
        None,
        *((g, len(wal.encode_group(g))) for g in groups),
    ):
        raise AssertionError("a segment was read past its end")


def _seeds(*paths: str) -> tuple[bytes, ...]:
    return tuple((ROOT / path).read_bytes() for path in paths)


TARGETS: dict[str, Target] = {
    "note": Target(note.parse_note, (VerificationError,), (HEAD,)),
    "vkey": Target(_text(note.parse_vkey), (VerificationError,), tuple(vkey.encode() for vkey in VKEYS)),
    "checkpoint": Target(
        _text(checkpoint.parse_checkpoint), (VerificationError,), (HEAD.partition(b"\n\n")[0] + b"\n",)
    ),
    "proof": Target(
        same(proof.parse_proof, lambda made: made.data),  # type: ignore[attr-defined]
        (VerificationError,),
        (b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + HEAD,),
    ),
    "trust": Target(trust.parse_trust, (VerificationError,), (f"log {VKEYS[0]}\nquorum none\n".encode(),)),
    "submission": Target(submission.parse_submission, (VerificationError,), (b"old 0\n\n" + HEAD,)),
    "subtree": Target(
        submission.parse_subtree_request,
        (VerificationError,),
        (b"subtree 0 1\n" + b"A" * 43 + b"=\n\n" + HEAD,),
    ),
    "evidence": Target(evidence.parse_evidence, (VerificationError,), (b"{}",)),
    "ticket": Target(ticket.parse_ticket, (VerificationError,), (HEAD,)),
    "entry": Target(
        entry.parse,
        (VerificationError,),
        (json.dumps({"v": 1, "t": "decision"} | decision(1), sort_keys=True).encode(),),
    ),
    "opening": Target(
        opening.parse_opening,
        (VerificationError,),
        (b'{"fields":{"detail":null},"seed":"' + b"A" * 43 + b'"}',),
    ),
    "bundle of entries": Target(
        lambda data: tiles.decode_bundle(data[1:], data[0] if data else 0),
        (VerificationError,),
        (b"\x01\x00\x02{}",),
    ),
    "segment": Target(
        _segment, (VerificationError,), (wal.encode_group(wal.Group(0, (wal.Item(b"{}", b""),))),)
    ),
    "sequencer": Target(
        lambda data: sequencer_wire.Decoder().feed(data),
        (sequencer_wire.WireError,),
        tuple(
            sequencer_wire.encode(message)
            for message in (sequencer_wire.Refused(1, "no"), sequencer_wire.Archived(2, bytes(32)))
        ),
    ),
    "json": Target(
        lambda data: read_value(data, 64), (UnreadableError,), (b'{"a": [1, "\\u4f60", null]}', b"[[1e5]]")
    ),
    "events": Target(
        _events, (BrokenEventError,), (b'event: a\ndata: {"b": 1}\n\n: c\r\n\r\ndata: [DONE]\n\n',)
    ),
    "body": Target(
        _scan,
        (),
        (
            b'\0\0{"messages": [{"role": "user", "content": "11010519491231002X"}]}',
            b"\1\1" + gzip.compress(b"MTEwMTA1MTk0OTEyMzEwMDJY"),
            b'\3\0--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n',
            b"\5\0data: {}\n\n",
        ),
    ),
    "proxy header": Target(
        read_header,
        (ProxyHeaderError,),
        (bytes.fromhex("0D0A0D0A000D0A515549540A2111000CCB0071097F000A01D90320FB"),),
    ),
    "tag": Target(
        _text(read_origin), (TagError,), (b'overseas;flow="a";record=1;tenant="b";operator=:AAAA:',)
    ),
    "structured field": Target(
        _text(read_dictionary), (FieldError,), (b'zone=("@method" "a");created=1;keyid="k", b=:AAAA:',)
    ),
    "policy": Target(
        lambda data: load(data, "policy.yaml"),
        (PolicyError,),
        _seeds("policies/shantou-pilot.regulator.yaml"),
    ),
    "configuration": Target(
        lambda data: parse_config(data, "zone.yaml"), (ConfigError,), (b"zone: zone-1\nlog: {key: a}\n",)
    ),
    "policy bundle": Target(
        same(lambda data: unpack(data, "a.zpb"), pack),  # type: ignore[arg-type]
        (BundleError,),
        (pack({"manifest.json": b"{}"}),),
    ),
}
