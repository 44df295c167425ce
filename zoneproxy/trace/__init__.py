"""Floor 1: what is written, and how is it proved?

A C2SP transparency log, byte for byte: `merkle` (RFC 6962 tree and proofs), `tiles` (tlog-tiles
paths, hash tiles, entry bundles), `note` (signed notes and verifier keys), `checkpoint` (tree heads),
`cosignature` (signatures with a time), `signers` (who signs) and `trust` (tlog-policy: whom to believe).
Above it, formats of our own: `canonical` (the JSON of entries), `schema` (the closed vocabulary of
each entry kind), `opening` (private fields behind one commitment), `opening_files`, `entry` (a record),
`chain` (what holds from entry to entry), `wal` and `segments` (the write-ahead log).

`frontier` grows the tree file by file, `restore` takes its edge from files, `durable` and `ledger` hold the
order of writes over the file-system port `files`. `reader` reads a log from wherever its files lie, `prover`
makes proofs from its tiles, and `proof` is the file that holds one (tlog-proof).

Against a second history: `submission` (what a log and a witness say to each other), `witness` (what a
witness answers), `cosigner` (signs for it), `evidence` (two checkpoints that do not chain), `rollback` (what
a witness shows, held against what lies here) and `epoch` (witnessed checkpoints in the log itself, which
bracket time).

Private parts: `sealed` (an opening encrypted), `datakey` (whom keys are wrapped for), `sealer` (the writer's
session of keys), `opening_store` (what a reader finds), `disclosure` (what a regulator is given), `erasure`
(what a redaction does to the files), `retention` (how long what is kept) and `grounds` (why).

Nothing here does input or output, reads a clock or draws a random number, but for what `cryptography` draws
for a signature or an HPKE encryption.
"""
