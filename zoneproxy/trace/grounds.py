"""On what ground private parts are opened or erased: closed lists, so that nobody can write a story there.

The record of a disclosure or a redaction names one code, the id of who did it and the id of its approval
(an order's number, a ticket); ids are words, never people's names. Each record names the log that it is
about (`origin`), which may be an older shard that takes no more records itself:

    disclosure   origin, to (short name of the recipient's key), entries, fields, digest (SHA-256 of the
                 file), basis, actor, approval or null
    redaction    origin, what, entries, fields, keys [{id, tenant, day, class}], basis, actor, approval
    retention    origin, class, kinds, before, end, minimum or null, keys (how many were destroyed), policy
                 (SHA-256 of the published one), see `zoneproxy.trace.retention`

Source: Personal Information Protection Law, articles 15, 44, 45, 47, 56 and 63; Cybersecurity Law,
article 21.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from zoneproxy.trace.checks import Check, integer, list_of, matches, object_of, one_of, or_null

MAX_NAMED = 512
"""So many entries one record names at most."""
MAX_LISTED = 32
"""So many fields, kinds or data keys."""

DISCLOSURE_GROUNDS: Mapping[str, str] = {
    "supervision": "the supervising authority asked in the course of its duties",
    "investigation": "an authority investigates an incident or an offence",
    "court-order": "a court ordered it",
    "subject-access": "the person that the records are about asked to see them",
    "audit": "an audit that law or licence demands",
    "settlement": "a dispute over a settlement is to be decided",
}

REDACTION_GROUNDS: Mapping[str, str] = {
    "subject-request": "the person that the records are about asked for erasure",
    "consent-withdrawn": "the consent that they rested on was withdrawn",
    "purpose-fulfilled": "they are no longer needed for their purpose",
    "service-ended": "the tenant's service has ended",
    "retention-expired": "their time of retention has passed",
    "unlawful-collection": "they should not have been collected",
    "recorded-by-mistake": "they were written where they don't belong",
    "court-order": "a court ordered it",
    "authority-order": "an authority ordered it",
}

REDACTIONS: Mapping[str, str] = {
    "field": "named fields of named entries",
    "record": "all private fields of named entries",
    "key": "everything under named data keys",
    "entry": "the public bytes of named entries, with their private fields; their hashes stay",
}


_word = matches(re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+=-]{0,127}\Z", re.ASCII))
_digest = matches(re.compile(r"[0-9a-f]{64}\Z", re.ASCII))
_origin = matches(re.compile(r"[!-*,-~]{1,255}\Z", re.ASCII))
_key = object_of(
    {
        "id": matches(re.compile(r"[0-9a-f]{32}\Z", re.ASCII)),
        "tenant": matches(re.compile(r"(?:-|[a-z][a-z0-9-]{0,62})\Z", re.ASCII)),
        "day": matches(re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)),
        "class": _word,
    }
)

PRIVACY_KINDS: Mapping[str, Check] = {
    "disclosure": object_of(
        {
            "origin": _origin,
            "to": matches(re.compile(r"[0-9a-f]{16}\Z", re.ASCII)),
            "entries": list_of(integer(), MAX_NAMED),
            "fields": list_of(_word, MAX_LISTED),
            "digest": _digest,
            "basis": one_of(DISCLOSURE_GROUNDS),
            "actor": _word,
            "approval": or_null(_word),
        }
    ),
    "redaction": object_of(
        {
            "origin": _origin,
            "what": one_of(REDACTIONS),
            "entries": list_of(integer(), MAX_NAMED),
            "fields": list_of(_word, MAX_LISTED),
            "keys": list_of(_key, MAX_LISTED),
            "basis": one_of(REDACTION_GROUNDS),
            "actor": _word,
            "approval": _word,
        }
    ),
    "retention": object_of(
        {
            "origin": _origin,
            "class": _word,
            "kinds": list_of(_word, MAX_LISTED),
            "before": integer(),
            "end": integer(),
            "minimum": or_null(integer()),
            "keys": integer(),
            "policy": _digest,
        }
    ),
}
