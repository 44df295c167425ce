"""Floor 4: the only rooms with windows.

One package for each thing outside that the zone touches:

- `files`: the disk itself: durable writes, small files that a configuration names, what went wrong there;
- `keys`, `tls`: key files and certificates, and what is made of them at doors and towards model servers;
- `log`: the journal that makes records durable; `shards`: the same in months; `sequencer`: the same for
  several workers; `witness`: who cosigns it, and how it is asked;
- `reading`, `serving`, `upkeep`: a log opened for reading, given out over HTTP, and kept in order;
- `state`: what the boundary must remember of objects, orders and bundles;
- `data`: the operator's data: where addresses are, registered cells, runs of what flowed back;
- `workers`: processes, their doors, and the control socket;
- `wire`: one raw HTTP exchange, for tests of policies.

`clock` tells time and draws random bytes, `resolver` asks which addresses a name has, `logs` writes the
operator's log, `shipped` finds the policies that come with the program, `tag_middleware` stands in front of
model servers.
"""
