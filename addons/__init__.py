"""The only folder that imports mitmproxy: doors, streams and the one enforcement addon.

master.py         the production door's master, with its strict addon manager
zone_boundary.py  the developer's door: `mitmdump -s addons/zone_boundary.py`
options.py        the fixed options
doors.py          the `zone:` mode: listeners, connection handler, guarded reader
streams.py        HTTP layers that ask the passage before each byte of an answer
boundary.py       the enforcement addon: hooks in the order of a flow's life
fail_closed.py    the inner guard of every deciding hook
unspoken.py       what the zone does not speak is refused
crossing.py       one flow's driver: events in, records written, commands out
crossings.py      the flows under way
framing.py        where a message begins and ends, byte by byte
frames.py         the same for the frames of a session: one end of a WebSocket
sockets.py        the layer of a session, which hands nothing on
sessions.py       how a session begins, waits and ends
pace.py           nobody is read from while something is looked at
outward.py        what a workload's call says of itself, in a tunnel or not
tunnel.py         tunnels of workloads, before HTTP begins inside of them
ends.py           the two ends of HTTP/1.1, which read by it
heads.py          what a well-formed head is
pages.py          refusals and answers as mitmproxy's messages
lean.py           keeps mitmproxy's other addons out of the process
"""

from addons.lean import keep_out

keep_out()  # before any module here imports mitmproxy
