"""Floor 4: the only rooms with windows.

`disk` is the file-system port, `keyfiles` reads and writes keys, `clock` tells time and draws random
bytes, `tracelog` is the journal that makes records durable, `logfolder` opens a log directory for reading.

`bundles` says whose signatures on policies count, `policy_state` remembers what was in force, `control`
takes commands for a running boundary and `control_client` gives them.

A witness is `witness_folder` (keys and list of logs), `witness_store` (its memory), `witness_desk` (one step
a request) and `witness_server` (HTTP). A log that has itself witnessed is `publisher` (sealed, then
presented), `witness_client` and `witness_feed` (one witness), `witness_panel` (all of them, at once),
`witnessing` (rounds and epochs) and `witness_later` (months that closed without a quorum).

A log in monthly shards is `shardfolder` and `keyfolder` (where it lies), `shardlog` (one month), `shards`
(the turn), `placing` and `standing` (what goes where, what goes along), `renewal` (keys). Work on private
parts reaches the process that writes the log by `logport`; `redaction` and `retaining` do it.
"""
