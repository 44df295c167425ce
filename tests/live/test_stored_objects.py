"""What is made in the zone is collected by who made it, on the route it was made on: official SDKs."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from tests.support import storing_zone
from tests.support.boundary_lab import Lab, MemoryJournal, lab
from tests.support.memory_bindings import MemoryBindings
from tests.support.stored_server import StoredServer, serving
from zoneproxy.adapters.state.bindings import SqliteBindings
from zoneproxy.assembly import Boundary as Core
from zoneproxy.assembly import Listener
from zoneproxy.terms.ports import Bindings

LINE = {
    "custom_id": "a",
    "method": "POST",
    "url": "/v1/chat/completions",
    "body": {"model": "zone-llm-01", "messages": [{"role": "user", "content": "hello"}]},
}


@dataclass
class Zone:
    """A running zone and its model server."""

    running: Lab
    server: StoredServer

    def _http(self, door: str) -> Any:
        return httpx2.AsyncClient(
            transport=httpx2.AsyncHTTPTransport(local_address=storing_zone.DOORS[door][2])
        )

    @contextlib.asynccontextmanager
    async def openai(self, tenant: str, door: str) -> AsyncIterator[openai.AsyncOpenAI]:
        url = f"http://{storing_zone.DOORS[door][1]}:{self.running.port}/v1"
        key = storing_zone.CREDENTIALS[tenant]
        async with self._http(door) as http:
            yield openai.AsyncOpenAI(base_url=url, api_key=key, max_retries=0, http_client=http)

    @contextlib.asynccontextmanager
    async def anthropic(self, tenant: str, door: str) -> AsyncIterator[anthropic.AsyncAnthropic]:
        url = f"http://{storing_zone.DOORS[door][1]}:{self.running.port}"
        key = storing_zone.CREDENTIALS[tenant]
        async with self._http(door) as http:
            yield anthropic.AsyncAnthropic(base_url=url, api_key=key, max_retries=0, http_client=http)

    def last_decision(self) -> tuple[str, Any]:
        entry = [one for one in self.running.journal.entries if one[0] == "decision"][-1]
        return entry[1]["reason"], entry[2].get("binding.standing")


@pytest.fixture
def server() -> Iterator[tuple[StoredServer, int]]:
    kept = StoredServer()
    with serving(kept) as port:
        yield kept, port


@contextlib.asynccontextmanager
async def zone(server: tuple[StoredServer, int], bindings: Bindings) -> AsyncIterator[Zone]:
    kept, port = server

    def alter(core: Core) -> None:
        at = next(iter(core.listeners.values())).port
        core.rules = storing_zone.rules(port)
        core.listeners = {
            route: Listener(door, host, at) for route, (door, host, _) in storing_zone.DOORS.items()
        }
        core.bindings = bindings

    async with lab(port, journal=MemoryJournal(), alter=alter) as running:
        yield Zone(running, kept)


async def test_a_file_is_its_tenants_alone_also_after_a_restart(
    server: tuple[StoredServer, int], tmp_path: Path
) -> None:
    """Z6, Z7: uploaded, listed and fetched by its tenant; to others and on other routes it is not there."""
    store = SqliteBindings(tmp_path / "bindings.sqlite")
    store.prepare()
    async with zone(server, store) as running:
        async with running.openai("toyco-sg", "cable-sg-1") as mine:
            made = await mine.files.create(
                file=("notes.txt", b"hello world", "text/plain"), purpose="user_data"
            )
            assert [one.id async for one in mine.files.list()] == [made.id]
            assert (await mine.files.content(made.id)).content == b"hello world"
        async with running.openai("toyco-my", "cable-my-1") as other:
            theirs = await other.files.create(
                file=("b.txt", b"other words", "text/plain"), purpose="user_data"
            )
            assert [one.id async for one in other.files.list()] == [theirs.id]
            with pytest.raises(openai.NotFoundError) as foreign:
                await other.files.retrieve(made.id)
            assert running.last_decision() == ("binding-unknown", "foreign")
            with pytest.raises(openai.NotFoundError) as unknown:
                await other.files.retrieve("file-999")
            assert running.last_decision() == ("binding-unknown", "unknown")
            # Whether it exists can't be told from what the caller hears.
            assert _told(foreign.value) == _told(unknown.value)
        async with running.openai("toyco-sg", "cable-sg-2") as elsewhere:
            with pytest.raises(openai.NotFoundError):
                await elsewhere.files.content(made.id)
            assert running.last_decision() == ("binding-unknown", "other_route")
            assert [one.id async for one in elsewhere.files.list()] == []
    store.close()
    again = SqliteBindings(tmp_path / "bindings.sqlite")
    again.prepare()
    async with zone(server, again) as running:
        async with running.openai("toyco-sg", "cable-sg-1") as mine:
            assert (await mine.files.retrieve(made.id)).id == made.id
            assert (await mine.files.delete(made.id)).id == made.id
        async with running.openai("toyco-my", "cable-my-1") as other:
            with pytest.raises(openai.NotFoundError):
                await other.files.delete(theirs.id.replace(theirs.id, made.id))
    again.close()


def _told(error: openai.APIStatusError) -> tuple[Any, ...]:
    body = error.body if isinstance(error.body, dict) else {}
    return error.status_code, body["code"], body["message"].partition(", trace:")[0]


async def test_a_batch_is_judged_when_its_file_comes_and_collected_where_it_was_made(
    server: tuple[StoredServer, int],
) -> None:
    """Z6, Z20: a batch's model is that of its file, and its results go back by their own route."""
    async with zone(server, MemoryBindings()) as running:
        async with running.openai("toyco-sg", "cable-sg-1") as mine:
            lines = json.dumps(LINE).encode() + b"\n"
            file = await mine.files.create(file=("in.jsonl", lines, "application/jsonl"), purpose="batch")
            batch = await mine.batches.create(
                input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
            )
            decided = [one for one in running.running.journal.entries if one[0] == "decision"][-1]
            assert decided[1]["facts"]["model.id"] == "zone-llm-01"
            assert batch.output_file_id is not None
            assert (await mine.files.content(batch.output_file_id)).content == b'{"a": 1}\n'
            assert [one.id async for one in mine.batches.list()] == [batch.id]
        for tenant, door in (("toyco-sg", "cable-sg-2"), ("toyco-my", "cable-my-1")):
            async with running.openai(tenant, door) as other:
                with pytest.raises(openai.NotFoundError):
                    await other.files.content(batch.output_file_id)
                with pytest.raises(openai.NotFoundError):
                    await other.batches.retrieve(batch.id)
                with pytest.raises(openai.NotFoundError):
                    await other.batches.create(
                        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
                    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"messages": [{"role": "user", "content": "110101199003074610"}]}, "policy-domestic-data-mixed"),
        ({"stream": True}, "content-unreadable"),
    ],
)
async def test_a_batch_with_a_bad_line_is_not_taken_in(
    server: tuple[StoredServer, int], change: dict[str, Any], reason: str
) -> None:
    """Z11, Z20, Z22: each line is read in its own dialect before the file is kept."""
    bad = LINE | {"body": LINE["body"] | change}  # type: ignore[operator]
    async with zone(server, MemoryBindings()) as running, running.openai("toyco-sg", "cable-sg-1") as mine:
        with pytest.raises(openai.APIStatusError):
            await mine.files.create(file=("in.jsonl", json.dumps(bad).encode(), None), purpose="batch")
        assert running.last_decision()[0] in (reason, "content-unreadable")
        assert running.server.objects == {}


async def test_a_batch_of_a_model_that_is_not_granted_is_not_begun(server: tuple[StoredServer, int]) -> None:
    """Z20: the model that a batch's lines name is judged as one that is asked for."""
    bad = LINE | {"body": LINE["body"] | {"model": "another-model"}}  # type: ignore[operator]
    async with zone(server, MemoryBindings()) as running, running.openai("toyco-sg", "cable-sg-1") as mine:
        file = await mine.files.create(file=("in.jsonl", json.dumps(bad).encode(), None), purpose="batch")
        plain = await mine.files.create(file=("a.txt", b"hello", "text/plain"), purpose="user_data")
        for name, told in ((file.id, openai.PermissionDeniedError), (plain.id, openai.NotFoundError)):
            with pytest.raises(told):
                await mine.batches.create(
                    input_file_id=name, endpoint="/v1/chat/completions", completion_window="24h"
                )
        assert running.last_decision() == ("binding-unknown", "other_use")
        assert [path for _, path in running.server.asked] == ["/v1/files", "/v1/files"]


async def test_a_stored_response_goes_on_for_its_tenant_alone(server: tuple[StoredServer, int]) -> None:
    """Z6: another's `previous_response_id` is not there; a streamed one is bound before it is named."""
    bindings = MemoryBindings()
    async with zone(server, bindings) as running:
        async with running.openai("toyco-sg", "cable-sg-1") as mine:
            first = await mine.responses.create(model="zone-llm-01", input="hi")
            second = await mine.responses.create(
                model="zone-llm-01", input="go on", previous_response_id=first.id, stream=True
            )
            names = [event.response.id async for event in second if event.type == "response.completed"]
            assert (await mine.responses.retrieve(names[0])).id == names[0]
            quiet = await mine.responses.create(model="zone-llm-01", input="hi", store=False)
            assert quiet.id not in {name.id for name in bindings.kept}
        async with running.openai("toyco-my", "cable-my-1") as other:
            for stolen in (first.id, names[0]):
                with pytest.raises(openai.NotFoundError):
                    await other.responses.create(model="zone-llm-01", input="x", previous_response_id=stolen)
                with pytest.raises(openai.NotFoundError):
                    await other.responses.retrieve(stolen)
            item: Any = {"type": "item_reference", "id": first.output[0].id}
            with pytest.raises(openai.NotFoundError):
                await other.responses.create(model="zone-llm-01", input=[item])


async def test_anthropics_files_and_batches_are_bound_alike(server: tuple[StoredServer, int]) -> None:
    """Z6: the other SDK has the same law, and its own errors."""
    async with zone(server, MemoryBindings()) as running:
        async with running.anthropic("toyco-sg", "cable-sg-1") as mine:
            made = await mine.beta.files.upload(file=("a.txt", b"hello", "text/plain"))
            batch = await mine.messages.batches.create(
                requests=[
                    {
                        "custom_id": "a",
                        "params": {
                            "model": "zone-llm-01",
                            "max_tokens": 9,
                            "messages": [{"role": "user", "content": "hello"}],
                        },
                    }
                ]
            )
            assert [one.id async for one in mine.messages.batches.list()] == [batch.id]
        async with running.anthropic("toyco-my", "cable-my-1") as other:
            with pytest.raises(anthropic.NotFoundError):
                await other.beta.files.retrieve_metadata(made.id)
            with pytest.raises(anthropic.NotFoundError):
                await other.messages.batches.retrieve(batch.id)
            assert [one.id async for one in other.messages.batches.list()] == []


async def test_a_dead_store_shuts_the_door(server: tuple[StoredServer, int]) -> None:
    """Z22: what can't be told or kept is refused, recorded, and never begun; plain inference goes on."""
    bindings = MemoryBindings()
    async with zone(server, bindings) as running, running.openai("toyco-sg", "cable-sg-1") as mine:
        made = await mine.files.create(file=("a.txt", b"hello", "text/plain"), purpose="user_data")
        bindings.dead = True
        asked = len(running.server.asked)
        for attempt in (
            mine.files.retrieve(made.id),
            mine.files.create(file=("b.txt", b"hello", "text/plain"), purpose="user_data"),
            mine.responses.create(model="zone-llm-01", input="hi"),
        ):
            with pytest.raises(openai.InternalServerError) as refused:
                await attempt
            assert refused.value.status_code == 503
            assert running.last_decision()[0] == "binding-unavailable"
        assert len(running.server.asked) == asked
        bindings.dead, bindings.dead_for_claims = False, True
        with pytest.raises(openai.InternalServerError):
            await mine.files.create(file=("b.txt", b"hello", "text/plain"), purpose="user_data")
        kind, body, _ = running.running.journal.entries[-1]
        assert (kind, body["verdict"], body["reason"]) == ("return", "deny", "binding-unavailable")
        await mine.chat.completions.create(model="zone-llm-01", messages=[{"role": "user", "content": "hi"}])


async def test_an_answer_that_names_anothers_object_is_withheld(server: tuple[StoredServer, int]) -> None:
    """Z6: a server gone wrong can't hand one tenant's object to another."""
    async with zone(server, MemoryBindings()) as running:
        async with running.openai("toyco-my", "cable-my-1") as other:
            theirs = await other.responses.create(model="zone-llm-01", input="hi")
        async with running.openai("toyco-sg", "cable-sg-1") as mine:
            made = await mine.responses.create(model="zone-llm-01", input="hi")
            running.server.leaks = theirs.id
            with pytest.raises(openai.APIStatusError) as withheld:
                await mine.responses.retrieve(made.id)
            assert theirs.id not in str(withheld.value)
            assert running.running.journal.entries[-1][1]["reason"] == "binding-foreign"
