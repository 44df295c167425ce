"""The kind of entry that says which owners' data the boundary looks for.

    registered   cause, sets [{id, digest, state, cells, grams}]

Written before it counts: at a start, when the indexes are read again, and in every new shard. `digest` is the
SHA-256 of the index's head, which binds its fingerprints; a `revoked` set is not looked for.

Trust: it says what was looked for, not what the data is; cells and grams are counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from zoneproxy.trace.checks import Check, integer, list_of, matches, object_of, one_of

MOST_SETS = 64
_ID = re.compile(r"[a-z][a-z0-9-]{0,39}/[a-z][a-z0-9-]{0,39}\Z", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)

REGISTERED_KINDS: Mapping[str, Check] = {
    "registered": object_of(
        {
            "cause": one_of(("start", "reload", "turn")),
            "sets": list_of(
                object_of(
                    {
                        "id": matches(_ID, unescaped=True),
                        "digest": matches(_DIGEST, unescaped=True),
                        "state": one_of(("used", "revoked")),
                        "cells": integer(),
                        "grams": integer(),
                    }
                ),
                MOST_SETS,
            ),
        }
    )
}
