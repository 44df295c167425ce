"""Floor 1: by which door and lane?

pin          the door's identity, taken when a request comes and compared when its answer leaves
destination  hosts in one canonical spelling, or refused
lane         which side an outward call goes to
upstream     which zone server serves a model or a path
"""
