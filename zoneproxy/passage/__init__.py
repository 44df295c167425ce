"""Floor 2: the way itself, as events in and commands out.

The only place that knows the order of rooms. `machine` holds the table of transitions, `law` the
rails that no policy can move, `judge` joins rails and policy layers into one decision (replay
walks through the same function), `leg_collect`, `leg_process` and `leg_return` say what happens on
each of the law's three legs, `record` writes down what was decided. `session` leads a conversation
whose every message walks the same table.

Nothing here does input or output: a driver (see `addons/`) feeds events and carries out commands.
"""
