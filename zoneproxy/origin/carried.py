"""The tag as a zone workload carries it: with each of its calls, as it came with the request it works for.

    GET http://tools.example/x HTTP/1.1
    Zone-Origin: overseas;flow="0190f3c2-...";record=12;...
    Signature-Input: zone=("@method" "@authority" ...);created=1700000000;...;keyid="zone.test/tag+1a2b3c4d"
    Signature: zone=:...:

The signature covers the request that the model server got, not this call, so it can't be checked against the
call. It needs not be: nobody can guess an Ed25519 signature, and whoever judges the call issued the tag and
has it still. What is carried is compared with what was issued, byte by byte, in a time that does not depend
on where they differ. So a tag is as good as its exchange is long: `expires` only says until when a model
server may take the request up.

`Zone-Flow` may be carried beside it, and then names the same exchange. A workload's own message signatures
stand on lines of their own, under other labels.

| a tag stands as | where |
| --- | --- |
| carried | it is the one that its exchange, which is under way, was given |
| missing | there is none; `Zone-Flow` alone is none |
| partial | one of the three fields is missing, or stands twice |
| altered | it can't be read, or is not the one that was given |
| foreign | it does not say that this zone signed it |
| over | it says so, and names no exchange under way: ended, or never begun |
| unsigned | the zone has no key that signs tags, so that it gave none |

Trust: all of it is the workload's word. Only `carried` means anything; the other states are words for
records.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from zoneproxy.origin.forged import FLOW_HEADER, speaks_for_us
from zoneproxy.origin.structured import FieldError, InnerList, read_dictionary, read_item

FIELDS = ("zone-origin", "signature-input", "signature")
"""The tag's header fields, in the order in which they are compared."""
_SPELLED = ("Zone-Origin", "Signature-Input", "Signature")
_LABEL = "zone"

Standing = Literal["carried", "missing", "partial", "altered", "foreign", "over", "unsigned"]
Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Carried:
    """What a call carries.

    Attributes:
        state: `whole`, or what is wrong with it whatever was issued.
        flow: the exchange that it names, or empty.
        key_id: the key that it says signed it, or empty.
        fields: its fields' values, in the order of `FIELDS`; empty where it is not whole.
    """

    state: Literal["whole", "missing", "partial", "altered"]
    flow: str = ""
    key_id: str = ""
    fields: tuple[str, ...] = ()

    def against(self, issued: Pairs | None, key_id: str) -> Standing:
        """Compare it with the tag of the exchange that it names.

        Args:
            issued: header fields that this exchange's request was given, the tag's among them; `None` where
                no exchange of that name is under way.
            key_id: the key that signs the zone's tags, `<zone>/tag+<8 hex digits>`, or empty for none.
        """
        if not key_id:
            return "unsigned"
        if self.state != "whole":
            return self.state
        # A key that was exchanged has another id under the zone's name.
        is_ours = self.key_id.rpartition("+")[0] == key_id.rpartition("+")[0]
        if issued is None:
            return "over" if is_ours else "foreign"
        given = dict(issued)
        mine = "\n".join(given.get(name, "") for name in FIELDS)
        if given.keys() >= set(FIELDS) and hmac.compare_digest(
            mine.encode("latin-1"), "\n".join(self.fields).encode("latin-1")
        ):
            return "carried"
        return "altered" if is_ours else "foreign"


def read_carried(headers: Sequence[tuple[str, str]]) -> Carried:
    """Read the tag that a workload's call carries.

    Args:
        headers: names in lower case, values without blanks around.
    """
    found: dict[str, list[str]] = {name: [] for name in FIELDS}
    named = [value for name, value in headers if name == FLOW_HEADER]
    for name, value in headers:
        if is_carried(name, value) and name in found:
            found[name].append(value)
    counts = [len(values) for values in found.values()]
    if not any(counts):
        return Carried("missing")
    if counts != [1, 1, 1] or len(named) > 1:
        return Carried("partial")
    fields = tuple(value for (value,) in found.values())
    try:
        item = read_item(fields[0])
        inputs, signatures = read_dictionary(fields[1]), read_dictionary(fields[2])
    except FieldError:
        return Carried("altered")
    covered, flow = inputs.get(_LABEL), item.params.get("flow")
    one_each = len(inputs) == len(signatures) == 1 and _LABEL in signatures
    if not one_each or not isinstance(covered, InnerList) or not isinstance(flow, str):
        return Carried("altered")
    if named not in ([], [flow]):
        return Carried("altered")
    return Carried("whole", flow, str(covered.params.get("keyid", "")), fields)


def is_carried(name: str, value: str) -> bool:
    """Tell whether a header field (its name in lower case) is the tag's, and no business of a destination."""
    return name == FIELDS[0] or (name in FIELDS and speaks_for_us(name, value))


def outward_headers(request_headers: Any) -> dict[str, str]:
    """Return what a workload's own calls carry, from the headers of the request that it serves.

    Args:
        request_headers: a mapping, an object with `items()` such as the clients' and servers' own, or pairs
            as in ASGI's `scope["headers"]`; names in any case, text or bytes.

    Returns:
        The three header fields of the tag, as they are. They go with every call that is made while the
        request is served: with plain requests, with CONNECT, and with each request inside a tunnel.

    Raises:
        LookupError: the request bears no tag, a part of one, or several: it did not come by the boundary.
    """
    pairs = request_headers.items() if isinstance(request_headers, Mapping) else request_headers
    if hasattr(pairs, "items"):
        pairs = pairs.items()
    found: dict[str, list[str]] = {name: [] for name in FIELDS}
    for key, text in pairs:
        name, value = _text(key).strip().lower(), _text(text).strip(" \t")
        if name in found and is_carried(name, value):
            found[name].append(value)
    for name, values in found.items():
        if len(values) != 1:
            many = "more than one" if values else "no"
            raise LookupError(f"the request bears {many} `{name}` of the zone")
    return {shown: found[name][0] for shown, name in zip(_SPELLED, FIELDS, strict=True)}


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
