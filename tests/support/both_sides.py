"""Load at a real boundary, and the law held from both of its sides.

What each client received, what the model server received and what the log holds are three independent
accounts of the same exchanges. `insist_on_law` lays them side by side: whatever was killed, filled up or
exchanged meanwhile, nothing may stand in one of the first two that the third does not know (Z13).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.echo_server import Seen
from demo.programs import Program, running
from tests.support.ports import free_port
from tests.support.zone_process import ZoneFolder, cli
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.shards.folder import shard_months
from zoneproxy.trace.entry import Entry, parse

DOOR = "127.0.10.1"
UNRECORDED = frozenset({"trace-unavailable", "internal-error"})
"""What a caller may be told without a record: the log takes none, or the boundary itself failed."""


# ---- what a client received -----------------------------------------------------------------------


@dataclass
class Told:
    """What became of one request, as its client saw it.

    Attributes:
        number: told apart by it; it stands in the question, and must stand in the answer.
        status: of the answer; 0 where none came.
        fields: header fields of the answer, by lower-case name.
        body: what came of the body.
        whole: the answer came to its end.
        trouble: how the connection failed, or empty.
        over: it came to an end, whichever.
        asked: SHA-256 of the question's body, where the boundary passes it on as it is.
    """

    number: int
    status: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    whole: bool = False
    trouble: str = ""
    over: bool = False
    asked: str = ""

    @property
    def flow(self) -> str:
        return self.fields.get("zone-flow", "")

    @property
    def served(self) -> bool:
        return self.whole and self.status == 200

    @property
    def code(self) -> str:
        """The reason that the body of a refusal names."""
        return str(json.loads(self.body)["error"]["code"])


def question(zone: ZoneFolder, number: int, *, stream: bool, last: bool = False, text: str = "") -> bytes:
    """Write a request that asks the model to repeat its number."""
    messages = [{"role": "user", "content": f"n{number}n {text or 'one two three'}"}]
    body = json.dumps({"model": "zone-llm-02", "stream": stream, "messages": messages}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: zone\r\n"
        f"authorization: Bearer {zone.credentials['toyco-sg']}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    )
    return (head + ("connection: close\r\n\r\n" if last else "\r\n")).encode() + body


def _body_digest(request: bytes) -> str:
    return hashlib.sha256(request.partition(b"\r\n\r\n")[2]).hexdigest()


async def read_answer(reader: asyncio.StreamReader, told: Told) -> None:
    """Read one answer; what came of it stands in `told`, whatever is raised.

    Raises:
        OSError, EOFError, ValueError: it broke off.
    """
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = [line.split(": ", 1) for line in head.split("\r\n")[1:] if line]
    told.fields = {name.lower(): value for name, value in lines}
    told.status = int(head.split(" ", 2)[1])
    if "content-length" in told.fields:
        told.body = await reader.readexactly(int(told.fields["content-length"]))
    else:
        while size := int(await reader.readline(), 16):
            told.body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    told.whole = True


@dataclass
class Load:
    """Clients that ask again and again; no request is ever sent twice.

    Attributes:
        zone: whom they ask.
        told: what became of each request.
        callers: how many there are; every second asks for streams, every third on new connections.
    """

    zone: ZoneFolder
    callers: int = 12
    told: list[Told] = field(default_factory=list)
    answered: int = 0
    stop: bool = False
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def failed(self) -> list[str]:
        """What became of the requests that are over and were not served."""
        return [one.trouble or f"status {one.status}" for one in self.told if one.over and not one.served]

    def _begin(self) -> Told:
        told = Told(next(self.numbers))
        self.told.append(told)
        return told

    async def _caller(self, place: int) -> None:
        while not self.stop:
            try:
                reader, writer = await asyncio.open_connection(DOOR, self.zone.port)
            except OSError as error:
                told = self._begin()
                told.trouble, told.over = f"not connected: {error}", True
                await asyncio.sleep(0.05)
                continue
            try:
                ends = False
                while not (self.stop or ends):
                    told = self._begin()
                    ends = await self._exchange(place, told, reader, writer)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def _exchange(
        self, place: int, told: Told, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Ask once; return whether the connection is over."""
        last, stream = place % 3 == 0, place % 2 == 0
        request = question(self.zone, told.number, stream=stream, last=last)
        told.asked = "" if stream else _body_digest(request)
        try:
            async with asyncio.timeout(60):
                writer.write(request)
                await read_answer(reader, told)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            told.trouble = f"broken off: {type(error).__name__} {error}"
            return True
        finally:
            told.over = True
        self.answered += told.served
        return last or told.fields.get("connection") == "close"

    @contextlib.asynccontextmanager
    async def under_way(self) -> AsyncIterator[None]:
        """Ask for as long as the block lasts; requests that were begun are brought to their end."""
        self.stop = False
        callers = [asyncio.ensure_future(self._caller(place)) for place in range(self.callers)]
        try:
            yield
        finally:
            self.stop = True
            await asyncio.gather(*callers)

    async def more(self, count: int, *, within_s: float = 120.0) -> None:
        """Wait for this many more answers."""
        target = self.answered + count
        async with asyncio.timeout(within_s):
            while self.answered < target:
                await asyncio.sleep(0.005)

    async def further(self, count: int, *, within_s: float = 120.0) -> None:
        """Wait until this many more requests have come to any end."""
        target = sum(one.over for one in self.told) + count
        async with asyncio.timeout(within_s):
            while sum(one.over for one in self.told) < target:
                await asyncio.sleep(0.02)

    async def once(self, *, stream: bool = False, text: str = "") -> Told:
        """Ask once, on a connection of its own."""
        told = self._begin()
        request = question(self.zone, told.number, stream=stream, last=True, text=text)
        told.asked = "" if stream else _body_digest(request)
        try:
            async with asyncio.timeout(60):
                reader, writer = await asyncio.open_connection(DOOR, self.zone.port)
                try:
                    writer.write(request)
                    await read_answer(reader, told)
                finally:
                    writer.close()
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            told.trouble = f"broken off: {type(error).__name__} {error}"
        told.over = True
        self.answered += told.served
        return told

    async def at_rate(self, rate_hz: float, until: asyncio.Future[Any], least: int) -> None:
        """Ask so many times a second, each on a connection of its own, whatever becomes of the others.

        Args:
            rate_hz: requests begun in a second.
            until: ends it, once `least` requests were begun.
            least: as above.
        """
        loop = asyncio.get_running_loop()
        began_s, asking = loop.time(), []
        for number in itertools.count():
            if number >= least and until.done():
                break
            await asyncio.sleep(max(0.0, began_s + number / rate_hz - loop.time()))
            asking.append(asyncio.ensure_future(self.once(stream=number % 2 == 0)))
        await asyncio.gather(*asking)


# ---- what the model server received ---------------------------------------------------------------


@dataclass
class ModelServer:
    """The recording model server, as a process that can be killed and started again at its place.

    Attributes:
        file: what it was sent, one JSON line for each request, written before it answers.
    """

    file: Path
    port: int = field(default_factory=free_port)
    program: Program | None = None
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def pid(self) -> int:
        if self.program is None:
            raise AssertionError("it does not run")
        return self.program.process.pid

    def start(self) -> None:
        command = [sys.executable, "-m", "demo.echo_server", "--port", str(self.port)]
        command += ["--seen", str(self.file), "--pause", "0.001"]
        self.program = self._stack.enter_context(running(command))

    def kill(self) -> None:
        """End it without a word."""
        if self.program is not None:
            self.program.process.kill()
            self.program.process.wait()
            self._stack.close()

    def close(self) -> None:
        self._stack.close()

    def seen(self) -> list[Seen]:
        """Return every request that any of its processes received."""
        if not self.file.exists():
            return []
        return [Seen(**json.loads(line)) for line in self.file.read_text("utf-8").splitlines()]


@contextlib.contextmanager
def model_server(folder: Path) -> Iterator[ModelServer]:
    """Run the recording model server."""
    server = ModelServer(folder / "seen.jsonl")
    server.start()
    try:
        yield server
    finally:
        server.close()


# ---- what the log holds ---------------------------------------------------------------------------


def entries_of(zone: ZoneFolder) -> dict[str, Entry]:
    """Return every entry of every shard by its name, `<origin>#<index>`, in order."""
    found = {}
    for month in shard_months(zone.log):
        reader = open_log(zone.log / str(month))
        origin = reader.checkpoint().origin
        for index, data in reader.entries():
            found[f"{origin}#{index}"] = parse(data)
    return found


@dataclass(frozen=True, slots=True)
class Accounts:
    """The three accounts, which agree.

    Attributes:
        entries: of the log, by name.
        admitted: flow to its `decision` that allows.
        ended: flow to the entry that ends it.
        seen: what the model server received.
    """

    entries: Mapping[str, Entry]
    admitted: Mapping[str, Entry]
    ended: Mapping[str, Entry]
    seen: Sequence[Seen]

    def count(self, kind: str) -> int:
        return sum(entry.kind == kind for entry in self.entries.values())


def insist_on_law(
    zone: ZoneFolder, told: Sequence[Told], seen: Sequence[Seen], *verify: str, replayed: bool = True
) -> Accounts:
    """Verify and replay the log, and compare both sides of the boundary with it.

    Args:
        zone: stopped, or idle and published.
        told: what the clients received.
        seen: what the model server received.
        verify: further arguments of `zoneproxy log verify`.
        replayed: also replay every decision.

    Raises:
        AssertionError: two of the accounts differ.
    """
    key = ("--opening-key", str(zone.path / "keys/opening.key"))
    for command in (("log", "verify", *verify), ("replay", *key))[: 1 + replayed]:
        done = cli(*command, str(zone.log))
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    entries = entries_of(zone)
    decisions = [entry for entry in entries.values() if entry.kind == "decision"]
    admitted = {entry.body["flow"]: entry for entry in decisions if entry.body["verdict"] == "allow"}
    assert len(admitted) == sum(entry.body["verdict"] == "allow" for entry in decisions)
    ends = [entry for entry in entries.values() if entry.kind in {"return", "abort"}]
    ended = {entry.body["flow"]: entry for entry in ends}
    assert len(ended) == len(ends)
    assert ended.keys() == admitted.keys()
    # The model server: nothing twice, nothing that was not admitted.
    flows = [one.headers["zone-flow"] for one in seen]
    assert len(set(flows)) == len(flows)
    assert set(flows) <= admitted.keys()
    accounts = Accounts(entries, admitted, ended, seen)
    received = {one.headers["zone-flow"]: one.sha256 for one in seen}
    for one in told:
        _insist_on_client(one, accounts, received)
    # An answer is recorded as delivered only where there was one.
    good = {flow for flow, entry in ended.items() if entry.body.get("end") == "complete"}
    assert good <= set(flows)
    return accounts


def _insist_on_client(told: Told, accounts: Accounts, received: Mapping[str, str]) -> None:
    if told.status == 200:
        assert told.flow in received, told
        assert told.asked in ("", received[told.flow]), told
        assert told.flow in accounts.admitted, told
        end = accounts.ended[told.flow]
        if told.whole:
            # The last byte left: its record says so, and says how many bytes there were.
            assert (end.kind, end.body.get("verdict"), end.body.get("end")) == ("return", "allow", "complete")
            assert end.body["bytes"]["delivered"] == len(told.body), told
            assert f"n{told.number}n".encode() in told.body, told
    elif told.whole:
        error = json.loads(told.body)["error"]  # as SDKs read it
        assert {"message", "type", "code"} <= error.keys(), told
        if "zone-trace" not in told.fields:
            assert error["code"] in UNRECORDED, told
            return
        entry = accounts.entries[told.fields["zone-trace"]]
        assert entry.body["flow"] == told.flow, told
        assert entry.body["verdict"] == "deny", told
        assert entry.body["reason"] == error["code"], told


def status_of(pid: int, name: str) -> str:
    """Return a line of a process' status; empty where it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return line.partition(":")[2].strip()
    return ""
