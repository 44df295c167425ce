"""The language server for policy files, which `zoneproxy policy lsp` serves over stdin and stdout.

It speaks the Language Server Protocol 3.17 and says what `zoneproxy policy check` says. The whole text
comes with each change: policies are small, and editors and readers count lines by different characters.

pygls comes with the extra `zoneproxy[editor]`: import this module only to start the server.
"""

from __future__ import annotations

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from zoneproxy import __version__
from zoneproxy.policy.assist import complete, diagnose, hover
from zoneproxy.policy.place import place_at
from zoneproxy.terms.errors import Problem

_KINDS = {
    "fact": lsp.CompletionItemKind.Property,
    "operator": lsp.CompletionItemKind.Operator,
    "list": lsp.CompletionItemKind.Variable,
    "value": lsp.CompletionItemKind.EnumMember,
    "field": lsp.CompletionItemKind.Field,
}
_TRIGGERS = [".", "$", "{", "[", " "]


def serve() -> int:
    """Serve one editor until it says `exit` or closes the connection.

    Returns:
        The exit code that the protocol asks for: 0 after `shutdown`, 1 without.
    """
    asked = False
    made = server()

    @made.feature(lsp.SHUTDOWN)
    def shut_down(_params: None) -> None:
        nonlocal asked
        asked = True

    made.start_io()
    return 0 if asked else 1


def server() -> LanguageServer:
    """Make the server; `start_io` serves one editor until it closes the connection."""
    made = LanguageServer(
        "zoneproxy-policy", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full
    )

    def publish(uri: str) -> None:
        document = made.workspace.text_documents.get(uri)
        if document is None:
            return  # it was never opened, so it is no document of this session
        found = [_diagnostic(document, problem) for problem in diagnose(_bytes(document), uri)]
        made.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(uri, found, version=document.version)
        )

    @made.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        publish(params.text_document.uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        publish(params.text_document.uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        made.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(params.text_document.uri, []))

    @made.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=_TRIGGERS))
    def completed(params: lsp.CompletionParams) -> lsp.CompletionList:
        document = made.workspace.text_documents.get(params.text_document.uri)
        if document is None:
            return lsp.CompletionList(is_incomplete=False, items=[])
        return _completions(document, params.position)

    @made.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hovered(params: lsp.HoverParams) -> lsp.Hover | None:
        document = made.workspace.text_documents.get(params.text_document.uri)
        return None if document is None else _hover(document, params.position)

    return made


def _bytes(document: TextDocument) -> bytes:
    """Return a document as a file's bytes; half a surrogate pair is refused as what it is in a file."""
    return document.source.encode("utf-8", "surrogatepass")


def _lines(document: TextDocument) -> list[str]:
    """Cut a document into lines as the policy's reader does."""
    return document.source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _range(document: TextDocument, line: int, start: int, end: int) -> lsp.Range:
    """Return a range within one line; columns count from 0 in characters."""
    lines, codec = _lines(document), document.position_codec
    return lsp.Range(
        codec.position_to_client_units(lines, lsp.Position(line, start)),
        codec.position_to_client_units(lines, lsp.Position(line, end)),
    )


def _diagnostic(document: TextDocument, problem: Problem) -> lsp.Diagnostic:
    column = problem.column - 1
    return lsp.Diagnostic(
        _range(document, problem.line - 1, column, column + problem.width),
        f"{problem.message}\nhelp: {problem.help}" if problem.help else problem.message,
        severity=lsp.DiagnosticSeverity.Error,
        code=problem.code,
        source="zoneproxy",
    )


def _completions(document: TextDocument, position: lsp.Position) -> lsp.CompletionList:
    lines = _lines(document)
    at = document.position_codec.position_from_client_units(lines, position)
    start = place_at(lines, at.line, at.character).start
    # The whole word is replaced: an editor's own idea of a word ends at each dot.
    word = _range(document, at.line, start, at.character)
    items = [
        lsp.CompletionItem(
            one.text,
            kind=_KINDS[one.kind],
            detail=one.about,
            filter_text=one.text,
            text_edit=lsp.TextEdit(word, one.text),
        )
        for one in complete("\n".join(lines), at.line, at.character)
    ]
    return lsp.CompletionList(is_incomplete=False, items=items)


def _hover(document: TextDocument, position: lsp.Position) -> lsp.Hover | None:
    lines = _lines(document)
    at = document.position_codec.position_from_client_units(lines, position)
    found = hover("\n".join(lines), at.line, at.character)
    if found is None:
        return None
    text = lsp.MarkupContent(lsp.MarkupKind.Markdown, found.text)
    return lsp.Hover(text, _range(document, at.line, found.start, found.end))
