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
ends.py           the two ends of HTTP/1.1, which read by it
heads.py          what a well-formed head is
pages.py          refusals and answers as mitmproxy's messages
"""
