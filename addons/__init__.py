"""The only folder that imports mitmproxy: doors, streams and the one enforcement addon.

master.py         the production door's master, with its strict addon manager
zone_boundary.py  the developer's door: `mitmdump -s addons/zone_boundary.py`
handing.py        a connection of the outward door goes to its exchange's worker
options.py        the fixed options
guard.py          a reader with bounds
parting.py        how a caller is left whose request is still on its way
doors.py          the `zone:` mode: listeners and connection handler
gate.py           a front's PROXY header and TLS, before HTTP begins
streams.py        HTTP layers that ask the passage before each byte of an answer
layers.py         a caller's connection, whose streams and ends are ours
straight.py       past the core's layers, where a streamed answer is in full flow
turns.py          a connection's events, one after the other
messages.py       mitmproxy's messages, checked without the detour
boundary.py       the enforcement addon: hooks in the order of a flow's life
fail_closed.py    the inner guard of every deciding hook
unspoken.py       what the zone does not speak is refused
crossing.py       one flow's driver: events in, records written, commands out
crossings.py      the flows under way
telling.py        what a caller is told
faults.py         what a failed hook leaves
halting.py        what is stopped or takes too long is cut
limits.py         the turnstile at its three places
refusals.py       which refusals are recorded, and how many were not
dropped.py        a body that is counted and not kept
framing.py        where a message begins and ends, byte by byte
frames.py         the same for the frames of a session: one end of a WebSocket
sockets.py        the layer of a session, which hands nothing on
sessions.py       how a session begins, waits and ends
pace.py           nobody is read from while something is looked at
outward.py        what a workload's call says of itself, in a tunnel or not
tunnel.py         tunnels of workloads, before HTTP begins inside of them
ends.py           the two ends of HTTP/1.1, which read by it
dialling.py       the addresses of a workload's destination, in turn
server_tls.py     TLS to model servers
heads.py          what a well-formed head is
pages.py          refusals and answers as mitmproxy's messages
reclaim.py        frees what ended connections leave behind
lean.py           keeps mitmproxy's other addons out of the process
"""

from addons.lean import keep_out

keep_out()  # before any module here imports mitmproxy
