"""Media types: what a `content-type` header says, read strictly (RFC 9110, section 8.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - a grammar's token, not a password
_TYPE = re.compile(rf"[ \t]*({_TOKEN}/{_TOKEN})[ \t]*", re.ASCII)
_PARAMETER = re.compile(rf'[ \t]*;[ \t]*(?:({_TOKEN})=({_TOKEN}|"[^"\\\r\n]*"))?[ \t]*', re.ASCII)
_UTF8 = ("utf-8", "utf8", "us-ascii")


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type: `essence` in lower case, parameters by lower-case name."""

    essence: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def charset(self) -> str:
        """The declared character set in lower case, or empty."""
        return self.parameters.get("charset", "").lower()


def read_media_type(header: str | None) -> MediaType | None:
    """Read a `content-type` header; `None` where it is absent or not well-formed.

    >>> read_media_type('application/json; charset="UTF-8"')
    MediaType(essence='application/json', parameters={'charset': 'UTF-8'})
    """
    found = _TYPE.match(header or "")
    if header is None or found is None:
        return None
    at = found.end()
    parameters: dict[str, str] = {}
    while at < len(header):
        parameter = _PARAMETER.match(header, at)
        if parameter is None:
            return None
        if name := parameter.group(1):
            if name.lower() in parameters:
                return None
            parameters[name.lower()] = parameter.group(2).strip('"')
        at = parameter.end()
    return MediaType(found.group(1).lower(), parameters)


def is_json(header: str | None) -> bool:
    """Tell whether a body is declared to be JSON in UTF-8."""
    return header == "application/json" or _is_json(header)


def _is_json(header: str | None) -> bool:
    media = read_media_type(header)
    return media is not None and media.essence == "application/json" and media.charset in ("", *_UTF8)


def is_event_stream(header: str | None) -> bool:
    """Tell whether a body is declared to be server-sent events in UTF-8."""
    media = read_media_type(header)
    return media is not None and media.essence == "text/event-stream" and media.charset in ("", *_UTF8)
