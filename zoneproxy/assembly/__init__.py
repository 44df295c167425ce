"""Floor 6: a configuration becomes a ready boundary.

`assemble` reads everything, checks everything, and only then opens the log; what it raises, it
raises before anything was started or changed. The result knows doors, rules and journal, and makes
the passage of each exchange; whoever moves bytes (see `addons/`) asks it for nothing else.
"""

from zoneproxy.assembly.assemble import Assurance, assemble
from zoneproxy.assembly.boundary import Boundary, Listener
from zoneproxy.assembly.zone import Zone

__all__ = ["Assurance", "Boundary", "Listener", "Zone", "assemble"]
