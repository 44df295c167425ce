"""Floor 7: parse, call, print. No rule lives here.

`main` puts the commands together. A command is a module of its name (`order_files` serves those about
orders), or a package where it has commands of its own: `log`, `policy`, `witness`, `data` (with
`flowback`). `output` and `progress` are how the command line speaks.
"""
