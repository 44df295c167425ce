"""Time tokens of a foreign authority (RFC 3161) over a log's tree heads, kept beside the public tree.

    timestamps/<size>.tsr     the authority's whole answer (`TimeStampResp`, DER) over the SHA-256 of the
                              checkpoint's three lines at that size
    timestamps/sizes          the sizes, one a line, rising: what a reader asks for where it can't list

The lines follow from the tree, so a token stays checkable when the checkpoint that it was made for is no
longer kept: the head of that size is computed from the hash tiles and shown to be the beginning of the
signed tree. A token says that the tree of `size` entries was there at its time, by the authority's clock.

A crash between the two files leaves a token that nobody asks for; the next one of another size goes on.

Needs the extra `timestamps` (PyPI `rfc3161-client`). Trust: the authority's root certificates, which the
reader names; the authority could be wrong about the time, never about the tree.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from cryptography import x509

from zoneproxy.adapters.files.settings import write_new
from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.files.whole import replace_whole
from zoneproxy.adapters.reading.httplog import is_url
from zoneproxy.replay.flaws import Flaw, FlawClass, Flaws, Level
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.prover import head_at
from zoneproxy.trace.public_files import SIZES, TIMESTAMPS, token_path
from zoneproxy.trace.reader import LogReader

MAX_TOKEN_BYTES = 64 * 1024
_MAX_SIZES_BYTES = 4 * 1024 * 1024
_SIZE = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z", re.ASCII)
_ASK_S = 20.0
_OK = 200


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was checked: the tree of `size` entries was there at `at`."""

    size: int
    at: dt.datetime


def available() -> bool:
    """Tell whether the extra is installed."""
    try:
        _client()
    except ConfigError:
        return False
    return True


def _client() -> Any:
    try:
        return importlib.import_module("rfc3161_client")
    except ImportError:
        raise ConfigError(
            "time tokens need a package that is not installed",
            hint="install it: pip install 'zoneproxy[timestamps]'",
        ) from None


def read_roots(path: Path) -> list[x509.Certificate]:
    """Read an authority's certificates from a PEM file.

    Raises:
        ConfigError: it can't be read, or holds none.
    """
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"`{path}` can't be read: {why(error)}", hint="check its name") from None
    except ValueError:
        raise ConfigError(f"`{path}` holds no PEM certificate", hint="give the authority's root") from None


def request_token(reader: LogReader, directory: Path, url: str, roots: Sequence[x509.Certificate]) -> Token:
    """Ask an authority for a token over the log's newest checkpoint, check it, and keep it.

    Args:
        reader: the log.
        directory: where it lies.
        url: the authority's address.
        roots: its root certificates; what they don't verify is not kept.

    Raises:
        ConfigError: the authority can't be asked, or refuses; or nothing can be written.
        VerificationError: its answer does not hold.
    """
    client, head = _client(), reader.checkpoint()
    text = head.text.encode()
    request = client.TimestampRequestBuilder(text, client.HashAlgorithm.SHA256).build()
    answer = _ask(url, request.as_bytes())
    token = _check(answer, text, head.size, roots, request.nonce)
    try:
        (directory / TIMESTAMPS).mkdir(mode=0o755, exist_ok=True)
        if not (directory / token_path(head.size)).exists():
            write_new(directory / token_path(head.size), answer, mode=0o444)
        _note_size(directory / SIZES, head.size)
    except OSError as error:
        raise ConfigError(f"`{directory}` can't be written: {why(error)}", hint="check the folder") from None
    return token


def _note_size(path: Path, size: int) -> None:
    known = [int(line) for line in path.read_text("ascii").split()] if path.exists() else []
    if size in known:
        return
    replace_whole(path, "".join(f"{one}\n" for one in sorted([*known, size])).encode(), mode=0o644)


def _ask(url: str, request: bytes) -> bytes:
    hint = "check its address; nothing was kept"
    if not is_url(url):
        raise ConfigError(f"`{url}` is no authority's address", hint="give `http://` or `https://`")
    try:
        with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=_ASK_S)) as pool:
            answer = pool.request(
                "POST",
                url,
                body=request,
                headers={"Content-Type": "application/timestamp-query"},
                preload_content=False,
            )
            data = answer.read(MAX_TOKEN_BYTES + 1, decode_content=False)
            answer.close()
    except urllib3.exceptions.HTTPError:
        raise ConfigError(f"the time-stamping authority `{url}` does not answer", hint=hint) from None
    if answer.status != _OK or len(data) > MAX_TOKEN_BYTES:
        raise ConfigError(f"the time-stamping authority `{url}` answers {answer.status}", hint=hint)
    return bytes(data)


def check_tokens(
    reader: LogReader, roots: Sequence[x509.Certificate]
) -> tuple[list[Token], tuple[Flaw, ...]]:
    """Check every token that a log names.

    Args:
        reader: the log.
        roots: the authority's root certificates.

    Returns:
        The tokens that hold, by size, and what does not.
    """
    _client()
    flaws, tokens = Flaws(), list[Token]()
    for size in sizes(reader):
        path = token_path(size)
        try:
            data = reader.file(path, MAX_TOKEN_BYTES)
            if data is None:
                flaws.add(FlawClass.MISSING, path, "a time token is gone", level=Level.SIGNATURES)
                continue
            tokens.append(_check(data, head_at(reader, size).text.encode(), size, roots))
        except VerificationError as error:
            flaws.add(FlawClass.INVALID, path, error.message, level=Level.SIGNATURES)
    return tokens, flaws.worst_first()


def sizes(reader: LogReader) -> list[int]:
    """Return the sizes that the log has time tokens for.

    Raises:
        VerificationError: the list of them is broken.
    """
    data = reader.file(SIZES, _MAX_SIZES_BYTES) or b""
    try:
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError:
        lines = ["?"]
    if data and (lines.pop() or not all(_SIZE.match(line) for line in lines)):
        raise VerificationError("the list of time tokens is broken", where=SIZES)
    return [int(line) for line in lines if line]


def _check(
    data: bytes, text: bytes, size: int, roots: Sequence[x509.Certificate], nonce: int | None = None
) -> Token:
    """Check an authority's answer; whatever the library raises means that it does not hold."""
    client = _client()
    try:
        answer = client.decode_timestamp_response(data)
        refused = None if answer.status == 0 else "; ".join(answer.status_string) or "it was refused"
        if refused is None:
            verifier = client.VerifierBuilder(roots=list(roots), nonce=nonce).build()
            verifier.verify(answer, hashlib.sha256(text).digest())
            return Token(size, answer.tst_info.gen_time)
    except (client.VerificationError, ValueError, TypeError, AssertionError) as error:
        refused = str(error).rstrip(".")
    words = f"{refused[:1].lower()}{refused[1:]}"
    raise VerificationError(f"the time token does not hold: {words}", where=token_path(size))
