"""`zoneproxy policy lsp`: a language server for policy files, over stdin and stdout.

It speaks the Language Server Protocol 3.17 and says what `zoneproxy policy check` says. pygls comes with
the extra `zoneproxy[editor]` and is imported only when the server is started.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from zoneproxy import __version__
from zoneproxy.cli.policy_files import OK
from zoneproxy.policy.assist import complete, diagnose, hover
from zoneproxy.policy.read import MAX_BYTES
from zoneproxy.terms.errors import ConfigError, Problem

if TYPE_CHECKING:
    from lsprotocol import types as lsp
    from pygls.lsp.server import LanguageServer
    from pygls.workspace import TextDocument


def run_lsp(_args: argparse.Namespace) -> int:
    """Serve one editor until it closes the connection.

    Raises:
        ConfigError: pygls is not installed.
    """
    server().start_io()
    return OK


def server() -> LanguageServer:
    """Make the server.

    Raises:
        ConfigError: pygls is not installed.
    """
    try:
        from lsprotocol import types as lsp  # noqa: PLC0415 - an extra, asked for only here
        from pygls.lsp.server import LanguageServer  # noqa: PLC0415 - as above
    except ImportError:
        raise ConfigError(
            "the language server needs the package `pygls`", hint="pip install 'zoneproxy[editor]'"
        ) from None

    made = LanguageServer("zoneproxy-policy", __version__)

    def publish(uri: str) -> None:
        document = made.workspace.get_text_document(uri)
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

    @made.feature(
        lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[".", "$", ":", "{", "[", " "])
    )
    def completed(params: lsp.CompletionParams) -> lsp.CompletionList:
        document = made.workspace.get_text_document(params.text_document.uri)
        return _completions(document, params.position)

    @made.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hovered(params: lsp.HoverParams) -> lsp.Hover | None:
        document = made.workspace.get_text_document(params.text_document.uri)
        return _hover(document, params.position)

    return made


def _bytes(document: TextDocument) -> bytes:
    """Return a document as a file's bytes; what the disk could not hold is refused like a file would be."""
    return document.source.encode("utf-8", "surrogatepass")[: MAX_BYTES + 1]


def _diagnostic(document: TextDocument, problem: Problem) -> lsp.Diagnostic:
    from lsprotocol import types as lsp  # noqa: PLC0415 - an extra, there once the server runs

    line, column = problem.line - 1, problem.column - 1
    place = lsp.Range(lsp.Position(line, column), lsp.Position(line, column + problem.width))
    message = f"{problem.message}\nhelp: {problem.help}" if problem.help else problem.message
    return lsp.Diagnostic(
        document.range_to_client_units(place),
        message,
        severity=lsp.DiagnosticSeverity.Error,
        code=problem.code,
        source="zoneproxy",
    )


def _completions(document: TextDocument, position: lsp.Position) -> lsp.CompletionList:
    from lsprotocol import types as lsp  # noqa: PLC0415 - as above

    from zoneproxy.policy.place import place_at  # noqa: PLC0415 - as above

    kinds = {
        "fact": lsp.CompletionItemKind.Property,
        "operator": lsp.CompletionItemKind.Operator,
        "list": lsp.CompletionItemKind.Variable,
        "value": lsp.CompletionItemKind.EnumMember,
        "field": lsp.CompletionItemKind.Field,
    }
    at = document.position_from_client_units(position)
    text = _lines(document)
    start = place_at(text.split("\n"), at.line, at.character).start
    # The whole word is replaced: an editor's own idea of a word ends at each dot.
    word = document.range_to_client_units(lsp.Range(lsp.Position(at.line, start), lsp.Position(*_pair(at))))
    items = [
        lsp.CompletionItem(
            one.text,
            kind=kinds[one.kind],
            detail=one.about,
            filter_text=one.text,
            text_edit=lsp.TextEdit(word, one.text),
        )
        for one in complete(text, at.line, at.character)
    ]
    return lsp.CompletionList(is_incomplete=False, items=items)
