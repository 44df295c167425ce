"""Floor 6: a configuration becomes a ready boundary.

`assemble` reads everything, checks everything, and only then opens the log; what it raises, it
raises before anything was started or changed. The result knows doors, rules and journal, and makes
the passage of each exchange (`policies` reads the rules, `activation` exchanges them while traffic
flows); whoever moves bytes (see `addons/`) asks it for nothing else.
"""

from zoneproxy.assembly.assemble import assemble, assemble_worker, check
from zoneproxy.assembly.boundary import Boundary, Listener
from zoneproxy.assembly.logs import Assurance, Opening
from zoneproxy.assembly.sequencer import keep_log
from zoneproxy.assembly.zone import Zone

__all__ = [
    "Assurance",
    "Boundary",
    "Listener",
    "Opening",
    "Zone",
    "assemble",
    "assemble_worker",
    "check",
    "keep_log",
]
