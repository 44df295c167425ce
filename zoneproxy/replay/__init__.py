"""Floor 3: the regulator's desk.

`audit` checks a log from its bytes alone (signatures, tree, every file, every entry) with `bundles` and
`treefiles`, and reports `flaws`; `rewalk` judges every decision again. `history` gives the facts of each
decision whole again, and `turns` says what another version of the policy would have made of them.
"""
