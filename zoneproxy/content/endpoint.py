"""One thing that a zone's servers are asked for: how it is asked, and what it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zoneproxy.terms.objects import ObjectName


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One thing that a model server is asked for.

    Attributes:
        dialect: the API, as the fact `request.dialect` names it.
        purpose: what is asked for, as the fact `purpose` names it.
        body: `json` where one JSON object is expected, `optional` where it may be left out, `form` for
            multipart/form-data, `none` where no body may come.
        streamable: the answer may be server-sent events.
        answer: `json`, `any` where the answer is a stored file of whatever type, `media` where it is
            sound or a picture.
        makes: kinds of objects that the answer may name and that become the caller's.
        kept: whether what it makes stays in the zone: always, unless `store` is false, only if `store`
            is true, or always where it makes something, which is rare.
        lists: the kind that a list holds, or empty. Its cursors are names of that kind.
        filtered: the list holds everybody's objects, and the caller gets to see its own.
        model_of: the kind of a named object whose model is asked for where the body names none.
        use: what the named object of that kind must have been made for, or empty.
        names: the objects that the path names.
    """

    dialect: str
    purpose: str
    body: Literal["json", "optional", "form", "none"]
    streamable: bool = False
    answer: Literal["json", "any", "media"] = "json"
    makes: frozenset[str] = frozenset()
    kept: Literal["always", "unless", "asked", "rarely"] = "always"
    lists: str = ""
    filtered: bool = False
    model_of: str = ""
    use: str = ""
    names: tuple[ObjectName, ...] = ()

    @property
    def is_inference(self) -> bool:
        """A model works on this request now: its answer's usage is new."""
        return self.purpose in ("inference", "embedding")

    @property
    def is_metered(self) -> bool:
        """Its own answer tells the usage: batches and sessions are begun, what is seen again was counted."""
        return self.is_inference and self.body != "none" and not self.dialect.endswith("_batches")

    @property
    def touches_objects(self) -> bool:
        """The binding store must answer before such a request may pass, whatever its body says."""
        return bool(self.names or self.lists) or bool(self.makes and self.kept == "always")
