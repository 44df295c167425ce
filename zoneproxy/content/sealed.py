"""Parts whose bytes are no text: images, audio, video, PDF, archives that are not opened here.

Such a part can't be looked into, and that is a finding of its own (`uninspectable`): policy decides. A
part is known by its bytes (`medium_of`), or, where bytes have no mark of their own (raw audio, an
encrypted file), by the place where the dialects put inline data (`sealed_parts`):

    OpenAI chat     {"type": "image_url", "image_url": {"url": "data:image/png;base64,..."}}
                    {"type": "input_audio", "input_audio": {"data": "...", "format": "pcm16"}}
                    {"type": "file", "file": {"file_data": "data:application/pdf;base64,..."}}
    Responses       {"type": "input_image", "image_url": "data:..."}
                    {"type": "input_file", "file_data": "..."}
    Anthropic       {"type": "image", "source": {"type": "base64", "media_type": "...", "data": "..."}}
    Images, audio   {"b64_json": "..."}

What is text in spite of its place is read like any other text and is no finding. A part that only
names its bytes (an `https` address, a file's id) holds none: they cross elsewhere and are inspected there.

    >>> list(sealed_parts({"type": "input_audio", "input_audio": {"data": "AAEAgP//", "format": "pcm16"}}))
    ['audio']
    >>> list(sealed_parts({"url": "data:text/plain;base64,aGVsbG8gd29ybGQh"}))
    []
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from zoneproxy.content import containers

KIND = "uninspectable"
CATEGORY = "uninspectable"
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image"), (b"\xff\xd8\xff", "image"), (b"GIF87a", "image"), (b"GIF89a", "image"),
    (b"II*\x00", "image"), (b"MM\x00*", "image"), (b"\x00\x00\x01\x00\x01\x00", "image"),
    (b"ID3", "audio"), (b"OggS", "audio"), (b"fLaC", "audio"), (b"\x1aE\xdf\xa3", "video"),
    (b"FLV\x01", "video"),
    (b"%PDF-", "document"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "document"), (b"{\\rtf", "document"),
    (b"7z\xbc\xaf\x27\x1c", "archive"), (b"Rar!\x1a\x07", "archive"), (b"\xfd7zXZ\x00", "archive"),
    (b"\x28\xb5\x2f\xfd", "archive"), (b"BZh91AY&SY", "archive"),
)  # fmt: skip
_RIFF = {b"WEBP": "image", b"WAVE": "audio", b"AVI ": "video"}
_DATA_URL = re.compile(
    r"data:(?P<type>[\w.+-]{1,64}/[\w.+-]{1,96})?(?P<rest>(?:;[^,;]{0,64}){0,8}),", re.ASCII
)
# Keys under which the dialects put inline data, whatever stands around them.
_DATA_KEYS = frozenset(("file_data", "b64_json"))
# Types of parts whose data lies under one of the keys below.
_PARTS = {
    "image_url": "image", "input_image": "image", "image": "image", "image_generation_call": "image",
    "input_audio": "audio", "audio": "audio", "file": "file", "input_file": "file", "document": "file",
    "video": "video", "video_url": "video", "input_video": "video", "base64": "file",
}  # fmt: skip
_PART_KEYS = frozenset(("data", "url", "image_url", "file_data", "b64_json", "audio", "result", "video_url"))
_CUES = ("data:", '"image', '"input_', '"audio', '"file', '"document', '"video', '"base64', "b64_json")
_ELSEWHERE = ("https://", "http://", "file-", "gs://", "s3://")
_SPACE = re.compile(r"\s+")
_FEWEST = 8


def medium_of(data: bytes) -> str:
    """Return what medium the bytes begin as, by their own mark; empty where they have none.

    >>> medium_of(b"%PDF-1.7 ..."), medium_of(b"hello")
    ('document', '')
    """
    for magic, medium in _MAGIC:
        if data.startswith(magic):
            return medium
    if data.startswith(b"RIFF"):
        return _RIFF.get(data[8:12], "")
    return "video" if data[4:8] == b"ftyp" else ""


def may_be_sealed(text: str) -> bool:
    """Tell cheaply whether JSON text may have a part that `sealed_parts` would name."""
    return any(cue in text for cue in _CUES)


def sealed_parts(value: Any) -> Iterator[str]:
    """Walk a JSON value; say of each part that can't be looked into what it is."""
    yield from _walk(value, "")


def _walk(value: Any, around: str) -> Iterator[str]:
    """Walk with the medium of the part around, or empty where there is none."""
    if isinstance(value, list):
        for inner in value:
            yield from _walk(inner, around)
    elif isinstance(value, dict):
        kind = value.get("type")
        own = _PARTS.get(kind, around) if isinstance(kind, str) else around
        if around and own == _PARTS["base64"]:
            own = around
        for name, inner in value.items():
            if not isinstance(inner, str):
                yield from _walk(inner, own or _PARTS.get(name, ""))
            elif inner.startswith("data:") or name in _DATA_KEYS or (own and name in _PART_KEYS):
                medium = _sealed(inner, own or "file")
                if medium:
                    yield medium


def _sealed(written: str, medium: str) -> str:
    """Return the medium of inline data that is no text, else empty."""
    if len(written) < _FEWEST or written.startswith(_ELSEWHERE):
        return ""
    payload, coded = written, True
    if url := _DATA_URL.match(written):
        payload, coded = written[url.end() :], "base64" in url.group("rest").lower()
    elif written.startswith("data:"):
        return medium
    if not coded:
        return ""
    try:
        plain = _SPACE.sub("", payload).replace("-", "+").replace("_", "/").rstrip("=")
        data = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        # Not base64: then it is text, and is read as that, unless its place said otherwise.
        return medium if url or medium != "file" else ""
    return medium_of(data) or ("" if is_readable(data) else medium)


def is_readable(data: bytes) -> bool:
    """Tell whether bytes are text, or a container whose members are looked into."""
    return containers.is_container(data) or containers.text_of(data) is not None
