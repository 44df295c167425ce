r"""Alarms: what the operator and the regulator should look at, counted.

    alarm   code, flow (or null), count, turned (may lack)

`turned` stands where `count` refusals had no record of their own, because there were too many
(`zoneproxy.meter.refusals`): nothing of them passed, and nothing was told.

    from, to    when the first and the last one was, milliseconds since 1970 UTC
    door        the route
    whose       `tenant:`, `workload:` or `lane:` and a name; null: strangers
    reasons     how many for each reason code; together they are `count`

Worked example:

    {"code":"requests-refused","count":3,"flow":null,...,"t":"alarm","ts":1767225605000,"turned":{"door":
     "cable-sg-1","from":1767225600000,"reasons":{"origin-tenant-unknown":3},"to":1767225604000,
     "whose":null},...}   (in one line)

Trust: counts are the operator's word, like everything that did not pass; a verifier can only tell one that
contradicts itself (`zoneproxy.replay.turnedaway`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from zoneproxy.trace.checks import Check, counts_of, integer, matches, object_of, or_null

MOST_REASONS = 64
_word = matches(re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+=-]{0,127}\Z", re.ASCII), unescaped=True)
_flow = matches(
    re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z", re.ASCII), unescaped=True
)
_turned = object_of(
    {
        "from": integer(),
        "to": integer(),
        "door": _word,
        "whose": or_null(_word),
        "reasons": counts_of(_word, MOST_REASONS),
    }
)

ALARM_KINDS: Mapping[str, Check] = {
    "alarm": object_of(
        {"code": _word, "flow": or_null(_flow), "count": integer(), "turned": _turned}, optional=("turned",)
    )
}
