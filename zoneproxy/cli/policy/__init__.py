"""`zoneproxy policy`: `commands` puts it together, the other modules are its commands.

`cases` runs tests, with `corpus` and `labelled` bodies, `wire` and `witnesses`, told by `report`. `explain`
and `proof` give reasons, asked of a `log` that holds. `bundle` signs, `activate` puts in force, `lsp`
serves editors; `files` reads what all of them read.
"""
