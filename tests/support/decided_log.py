"""A log of decisions that the passage really took, with the pilot's policies in its archive."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.support.logs import ORIGIN, START_MS, FixedClock, Writer, signer
from tests.support.shards import make_shards, open_shards
from tests.support.zone_world import CHAT, body, head, passage, pilot, pin
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.passage.commands import Write
from zoneproxy.passage.events import AnswerBody, AnswerHead, BodyArrived, Event, HeadArrived, Recorded
from zoneproxy.passage.machine import Passage
from zoneproxy.terms.ports import Receipt
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.months import Month
from zoneproxy.trace.reader import policy_path
from zoneproxy.trace.wal import Item

ROOT = Path(__file__).resolve().parents[2]
JSON = (("content-type", "application/json"),)
GOOD_ANSWER = b'{"choices": []}'
RESIDENT_ID = b"110101199003074610"

Exchange = tuple[HeadArrived, BodyArrived, bytes]
"""A request's head and body, and the answer's body."""

Mend = Callable[[Mapping[str, Any]], dict[str, Any]]

GOOD: Exchange = (head(), body(), GOOD_ANSWER)
MODELS: Exchange = (head(path="/v1/models", method="GET"), body(b""), GOOD_ANSWER)
MIXED: Exchange = (head(), body(CHAT.replace(b"hello", RESIDENT_ID)), GOOD_ANSWER)
MIXED_ANSWER: Exchange = (head(), body(), b'{"a": "' + RESIDENT_ID + b'"}')
FORGED: Exchange = (head(headers=(*head().headers, ("zone-origin", "overseas"))), body(), GOOD_ANSWER)
NOT_JSON: Exchange = (head(), body(b"{"), GOOD_ANSWER)


def write_decided(
    root: Path,
    exchanges: Sequence[Exchange],
    *,
    openings: bool = True,
    mend: Mend = dict,
    in_force: bool = False,
) -> Path:
    """Write a log of these exchanges.

    Args:
        root: the log's directory.
        exchanges: what callers ask and what the model answers.
        openings: whether the private parts lie beside the log.
        mend: changes each record's body before it is written.
        in_force: entry 1 puts the pilot's policies in force; without it an audit blames every decision.
    """
    root.mkdir(parents=True, exist_ok=True)
    files, writer = DiskFiles(root), Writer()
    ledger = Ledger(files, ORIGIN, signer())
    ledger.create(writer.opening())
    _archive(root)
    if in_force:
        named = [{"layer": policy.layer, "digest": policy.digest} for policy in pilot()]
        ledger.append([writer.item("activation", {"cause": "start", "policy": named})])
    for number, exchange in enumerate(exchanges):
        ledger.append(_walk(writer, number, exchange, mend))
    ledger.publish()
    files.close()
    if not openings:
        for path in (root / "open").iterdir():
            path.unlink()
    return root


async def write_decided_shard(
    root: Path,
    exchanges: Sequence[Exchange],
    *,
    openings: bool = True,
    mend: Mend = dict,
    in_force: Sequence[str] = (),
) -> Path:
    """Write the same as the only shard of a log in monthly shards, after an activation.

    Args:
        root: a folder; its keys lie in it too.
        exchanges: what callers ask and what the model answers.
        openings: whether the private parts lie beside the log.
        mend: changes each record's body before it is written.
        in_force: digests of the policies that the activation names, instead of the pilot's.

    Returns:
        The directory of all shards.
    """
    month = Month.of(START_MS)
    make_shards(root, month)
    log = open_shards(root, FixedClock(START_MS))
    _archive(root / "log" / str(month))
    digests = in_force or [policy.digest for policy in pilot()]
    layers = [policy.layer for policy in pilot()]
    named = [{"layer": layer, "digest": digest} for layer, digest in zip(layers, digests, strict=True)]
    await log.append("activation", {"cause": "start", "policy": named}, {})
    for number, exchange in enumerate(exchanges):
        walked, events = _exchange(number, exchange)
        while events and not walked.final:
            for command in walked.receive(events.pop(0)):
                if isinstance(command, Write):
                    receipt = await log.append(command.kind, mend(command.body), dict(command.private))
                    events.insert(0, Recorded(receipt))
    await log.close()
    if not openings:
        shutil.rmtree(root / "log" / str(month) / "open")
    return root / "log"


def _archive(root: Path) -> None:
    (root / "policy").mkdir(exist_ok=True)
    for policy in pilot():
        data = (ROOT / "policies" / policy.file).read_bytes()
        (root / policy_path(policy.digest)).write_bytes(data)


def _exchange(number: int, exchange: Exchange) -> tuple[Passage, list[Event]]:
    walked = passage()
    walked.exchange.flow = str(uuid.UUID(int=number + 1))
    asked, asked_body, answer = exchange
    return walked, [
        replace(asked, now_ms=START_MS),
        asked_body,
        AnswerHead(200, JSON, pin()),
        AnswerBody(answer, pin()),
    ]


def _walk(writer: Writer, number: int, exchange: Exchange, mend: Mend) -> list[Item]:
    """Walk one exchange to its end and return its records."""
    items = list[Item]()
    walked, events = _exchange(number, exchange)
    while events and not walked.final:
        for command in walked.receive(events.pop(0)):
            if isinstance(command, Write):
                items.append(writer.item(command.kind, mend(command.body), dict(command.private)))
                events.insert(0, Recorded(Receipt(writer.count - 1, bytes(32), START_MS)))
    return items
