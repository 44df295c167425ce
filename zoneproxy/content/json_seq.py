r"""JSON text sequences: the form in which a session's messages are counted, digested and passed on.

Each message is a record separator (0x1E), the text as it came in UTF-8, and a line feed. A message that is
JSON never holds a record separator, so the bytes of a session have one reading. Source: RFC 7464, section 2.

    >>> encode('{"type": "a"}') + encode("{}")
    b'\x1e{"type": "a"}\n\x1e{}\n'
    >>> decode(b'\x1e{"type": "a"}\n\x1e{}\n')
    ['{"type": "a"}', '{}']
"""

from __future__ import annotations

from zoneproxy.content.strict_json import UnreadableError

_SEPARATOR = "\x1e"


def encode(text: str) -> bytes:
    """Write one message.

    Raises:
        UnreadableError: it holds a record separator, so it is no JSON.
    """
    if _SEPARATOR in text:
        raise UnreadableError("a record separator is in no JSON text")
    return f"{_SEPARATOR}{text}\n".encode()


def decode(data: bytes) -> list[str]:
    """Read the messages that `encode` wrote, in their order.

    Raises:
        ValueError: the bytes are no such sequence (the caller's bug).
    """
    begin, *texts = data.decode("utf-8").split(_SEPARATOR)
    if begin or not all(text.endswith("\n") for text in texts):
        raise ValueError("this is no sequence of JSON texts")
    return [text[:-1] for text in texts]
