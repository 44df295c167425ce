"""The demo: model servers on loopback, and the scenes that are played through the boundary.

`echo_server` is a scripted model server, `model_server` a real small model, `play` the scenes
(`make demo`). The live tests use both servers. Nothing here is part of the installed package.
"""
