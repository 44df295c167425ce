"""Floor 0: the words that every room shares.

`errors` says who is at fault, `reasons` is the closed table of refusals, `facts` the closed
vocabulary that decisions are taken on, `decision` the policy's answer, `phase` the law's three
legs, `finding` what a detector reports, `networks` addresses and whose they are, `ports` what the core
may ask of the world.

Nothing here does input or output, reads a clock or draws a random number.
"""
