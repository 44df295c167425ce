"""Floor 1: by which door and lane?

pin          the door's identity, taken when a request comes and compared when its answer leaves
destination  hosts in one canonical spelling, or refused
binding      what was made on a route is collected on that route
callback     where a tenant wants to be told
lane         which side an outward call goes to
maintenance  the narrow lanes from inland, and who may use them
upstream     which zone server serves a model or a path
"""
