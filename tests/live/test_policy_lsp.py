"""The language server, as an editor meets it: a process, and the protocol over its stdin and stdout."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.small_policy import text
from zoneproxy.policy.bundle import load
from zoneproxy.terms.errors import PolicyError

pytest.importorskip("pygls", reason="the extra `editor` is not installed: pip install 'zoneproxy[editor]'")

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

ROOT = str(Path(__file__).resolve().parents[2])
URI = "file:///zone/policy.yaml"
GOOD = text().decode()
BODY = """\
sets: {home: [CN], near: [SG, MY]}
rules:
  # 海外进入 🛳
  - {id: COL-001, phase: collect, effect: deny, when: {origin.country: $sets.home}, reason: market_closed}
  - {id: COL-002, phase: collect, effect: deny, note: "🛳", when: {origin.clas: zone}, reason: x}
  - {id: COL-900, phase: collect, effect: allow, when: {origin.class: overseas}, reason: collected_overseas}
"""


class Editor:
    """A real client session, which remembers what was underlined."""

    def __init__(self) -> None:
        self.client = LanguageClient("test", "1")
        self.published: asyncio.Queue[lsp.PublishDiagnosticsParams] = asyncio.Queue()
        self.version = 0

        @self.client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: lsp.PublishDiagnosticsParams) -> None:
            self.published.put_nowait(params)

    async def write(self, content: str) -> list[lsp.Diagnostic]:
        """Open the file, or change it, and return what is underlined then."""
        self.version += 1
        if self.version == 1:
            item = lsp.TextDocumentItem(URI, "yaml", 1, content)
            self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        else:
            place = lsp.VersionedTextDocumentIdentifier(self.version, URI)
            change = lsp.TextDocumentContentChangeWholeDocument(content)
            self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(place, [change]))
        found = await asyncio.wait_for(self.published.get(), 10)
        assert found.version == self.version
        return list(found.diagnostics)

    async def complete(self, marked: str) -> dict[str, lsp.CompletionItem]:
        """Write a text and ask what can stand at its mark `|`."""
        await self.write(marked.replace("|", "", 1))
        params = lsp.CompletionParams(lsp.TextDocumentIdentifier(URI), mark(marked))
        found = await self.client.text_document_completion_async(params)
        assert isinstance(found, lsp.CompletionList)
        return {item.label: item for item in found.items}

    async def hover(self, marked: str) -> str:
        """Write a text and ask what stands at its mark."""
        await self.write(marked.replace("|", "", 1))
        params = lsp.HoverParams(lsp.TextDocumentIdentifier(URI), mark(marked))
        found = await self.client.text_document_hover_async(params)
        if found is None:
            return ""
        assert isinstance(found.contents, lsp.MarkupContent)
        return found.contents.value


def mark(marked: str) -> lsp.Position:
    """Return the place of `|`, as an editor counts: in UTF-16 units."""
    before = marked[: marked.index("|")]
    line = before.rpartition("\n")[2]
    return lsp.Position(before.count("\n"), len(line.encode("utf-16-le")) // 2)


@pytest_asyncio.fixture
async def editor() -> AsyncIterator[Editor]:
    made = Editor()
    environment = os.environ | {"PYTHONPATH": ROOT}
    await made.client.start_io(sys.executable, "-m", "zoneproxy", "policy", "lsp", "--stdio", env=environment)
    await made.client.initialize_async(lsp.InitializeParams(lsp.ClientCapabilities()))
    made.client.initialized(lsp.InitializedParams())
    yield made
    await made.client.shutdown_async(None)
    made.client.exit(None)
    await made.client.stop()


async def test_mistakes_are_underlined_as_check_says_them(editor: Editor) -> None:
    """The same codes at the same places, counted as an editor counts; gone when they are mended."""
    content = text(BODY).decode()
    with pytest.raises(PolicyError) as caught:
        load(content.encode(), URI)
    problems = caught.value.problems
    found = await editor.write(content)
    assert [one.code for one in found] == [problem.code for problem in problems]
    fact = next(one for one in found if one.code == "ZP2001")
    line = content.split("\n")[fact.range.start.line]
    units = line.encode("utf-16-le")
    assert units[2 * fact.range.start.character : 2 * fact.range.end.character].decode("utf-16-le") == (
        "origin.clas"
    )
    assert "did you mean `origin.class`?" in fact.message
    assert await editor.write(GOOD) == []


async def test_facts_operators_and_lists_are_completed(editor: Editor) -> None:
    """Facts that are known in the phase, operators of the fact's type, lists of this file."""
    facts = await editor.complete(text(BODY.replace("origin.clas: zone", "origin.|")).decode())
    assert "origin.class" in facts
    assert "response.mixing" not in facts, "not known in collect"
    edit = facts["origin.class"].text_edit
    assert isinstance(edit, lsp.TextEdit)
    assert edit.range.end.character - edit.range.start.character == len("origin.")
    operators = await editor.complete(text(BODY.replace("origin.clas: zone", "origin.agreeing: {|")).decode())
    assert {"lt", "ge", "not"} <= set(operators)
    assert "prefix" not in operators
    lists = await editor.complete(text(BODY.replace("origin.clas: zone", "origin.country: $s|")).decode())
    assert lists["$sets.near"].detail == "SG, MY"


async def test_a_word_is_explained(editor: Editor) -> None:
    """A fact with its type, the phase from which it is known, and who provides it."""
    said = await editor.hover(text(BODY.replace("{origin.class: over", "{ori|gin.class: over")).decode())
    for part in ("`origin.class`", "type: enum", "known from: collect", "provided by: origin"):
        assert part in said
    assert "CN" in await editor.hover(text(BODY.replace("$sets.home", "$se|ts.home")).decode())
    assert not await editor.hover(text(BODY.replace("id: COL-001", "i|d: COL-001")).decode())


@pytest.mark.parametrize(
    ("methods", "code"),
    [(["initialize", "shutdown", "exit"], 0), (["initialize", "exit"], 1), (["exit"], 1), ([], 1)],
)
def test_the_exit_code_says_whether_it_was_asked_to_end(methods: list[str], code: int) -> None:
    """0 after `shutdown`, 1 without, as the protocol has it; an editor that dies leaves no server behind."""
    sent = b""
    for number, method in enumerate(methods):
        message: dict[str, object] = {"jsonrpc": "2.0", "method": method}
        if method != "exit":
            message["id"] = number
        if method == "initialize":
            message["params"] = {"processId": None, "rootUri": None, "capabilities": {}}
        body = json.dumps(message).encode()
        sent += b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    ended = subprocess.run(
        [sys.executable, "-m", "zoneproxy", "policy", "lsp"],
        input=sent, capture_output=True, timeout=120, check=False, env=os.environ | {"PYTHONPATH": ROOT},
    )  # fmt: skip
    assert ended.returncode == code


async def test_a_document_that_was_never_opened(editor: Editor) -> None:
    """Nothing is said of it, and no file is read for it."""
    where, place = lsp.TextDocumentIdentifier("file:///etc/hostname"), lsp.Position(0, 0)
    assert await editor.client.text_document_hover_async(lsp.HoverParams(where, place)) is None
    found = await editor.client.text_document_completion_async(lsp.CompletionParams(where, place))
    assert isinstance(found, lsp.CompletionList)
    assert not found.items
