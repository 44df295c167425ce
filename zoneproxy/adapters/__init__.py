"""Floor 4: the only rooms with windows.

`disk` is the file-system port, `keyfiles` reads and writes keys, `clock` tells time and draws random
bytes, `tracelog` is the journal that makes records durable, `logfolder` opens a log directory for reading.

`bundles` says whose signatures on policies count, `policy_state` remembers what was in force, `control`
takes commands for a running boundary and `control_client` gives them.

A witness is `witness_folder` (keys and list of logs), `witness_store` (its memory), `witness_desk` (one step
a request) and `witness_server` (HTTP). A log that has itself witnessed is `publisher` (sealed, then
presented), `witness_client` and `witness_feed` (one witness), and `witnessing` (rounds and quorum).
"""
