"""A log in monthly shards.

`folder` is where it lies, `shardlog` one month as it is written, `sharded` the journal above and the turn
from one month to the next; `placing` and `standing` say what goes where and what goes along, `renewal`
takes up new keys.
"""
