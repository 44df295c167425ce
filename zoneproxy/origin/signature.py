"""HTTP message signatures with Ed25519 (RFC 9421), as far as the zone's tag needs them.

The text that is signed holds one line for each covered component, then the parameters:

    "@method": POST
    "@authority": model.zone:8000
    "@path": /v1/chat/completions
    "@query": ?
    "zone-origin": overseas;flow="0190..."
    "@signature-params": ("@method" "@authority" "@path" "@query" "zone-origin");created=...;keyid="..."

Lines are joined by U+000A, without one at the end (section 2.5). The message bears the last line's value
in `Signature-Input` and the 64 bytes of the signature in `Signature`, both under one label.

A body is covered by `Content-Digest: sha-256=:...:` (RFC 9530), which is a covered component.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from zoneproxy.origin.structured import FieldError, InnerList, write_member

DERIVED = ("@method", "@authority", "@path", "@query")
_DEFAULT_PORTS = (":80", ":443")


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """The parts of a request that a signature may cover.

    Attributes:
        method: as sent, such as `POST`.
        authority: the `Host` that the request is sent to.
        path: the target's path as sent, escapes untouched.
        query: what follows `?` in the target, without it; empty for none.
        headers: names in any case, in order.
        body: the whole body.
    """

    method: str
    authority: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return a header's only value by its lower-case name; `None` where it is absent or repeated."""
        values = [value for key, value in self.headers if key.lower() == name]
        return values[0] if len(values) == 1 else None


def content_digest(body: bytes) -> str:
    """Return the value of `Content-Digest` for a body (RFC 9530, section 2).

    >>> content_digest(b'{"hello": "world"}')
    'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:'
    """
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def signature_base(message: SignedMessage, covered: InnerList, spelled: str = "") -> bytes:
    """Build the text that is signed.

    Args:
        message: the request.
        covered: the names of the covered components, with the signature's parameters.
        spelled: the same as a structured field spells them, where that is known already.

    Raises:
        FieldError: a component that the message does not have exactly once, that stands twice, or that
            holds a character outside ISO-8859-1.
    """
    lines: list[str] = []
    names: set[str] = set()
    for item in covered.items:
        name = item.value
        if not isinstance(name, str) or item.params or name in names:
            raise FieldError("a covered component that is not known here")
        names.add(name)
        lines.append(f'"{name}": {_component(message, name)}')
    lines.append(f'"@signature-params": {spelled or write_member(covered)}')
    try:
        return "\n".join(lines).encode("latin-1")
    except UnicodeEncodeError:  # whoever reads requests for us has decoded one in another way
        raise FieldError("a covered component has a character that no request has") from None


def _component(message: SignedMessage, name: str) -> str:
    match name:
        case "@method":
            return message.method
        case "@authority":
            return _plain_authority(message.authority)
        case "@path":
            return message.path or "/"
        case "@query":
            return f"?{message.query}"
        case _:
            value = message.header(name)
            if value is None:
                raise FieldError(f"the covered header `{name}` is not there exactly once")
            return value.strip(" \t")


def _plain_authority(authority: str) -> str:
    """RFC 9421, section 2.2.3: lower case, without the scheme's own port."""
    plain = authority.lower()
    return next((plain.removesuffix(port) for port in _DEFAULT_PORTS if plain.endswith(port)), plain)
