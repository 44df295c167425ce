"""The only folder that imports mitmproxy: doors, streams and the one enforcement addon.

zone_boundary.py  the developer's door: `mitmdump -s addons/zone_boundary.py`
master.py         the production door's master, with its strict addon manager and fixed options
doors.py          the `zone:` mode: listeners, connection handler, guarded reader
streams.py        HTTP layers that ask the passage before each byte of an answer
boundary.py       the enforcement addon: hooks in the order of a flow's life
crossing.py       one flow's driver: events in, records written, commands out
heads.py          what a well-formed head is
"""
