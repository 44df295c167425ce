"""zoneproxy: the boundary of a special data zone.

A request comes in by a pinned door, is tagged, looked into, judged, **written down**, processed
inside, judged again, and goes out by the same door; anyone can later walk the way again from the
log.

The floors (a room imports only from lower floors; floors 0-3 do no input or output):

    terms/      0  the words: errors, reasons, facts, decision, phase, ports
    origin/     1  where does it come from?
    content/    1  what is inside?
    policy/     1  what do the rules say?
    route/      1  by which door and lane?
    meter/      1  how much?
    trace/      1  what is written, and how is it proved?
    passage/    2  the way itself: events in, commands out
    replay/     3  the regulator's desk
    adapters/   4  the only rooms with windows
    config      5  the operator's zone.yaml
    assembly    6  config -> a ready boundary
    cli/        7  parse, call, print
    addons/        (beside this package) the only folder that imports mitmproxy
"""

__version__ = "0.1.0"
