"""The part of `zone.yaml` that says where a running boundary takes commands."""

from __future__ import annotations

from pydantic import Field

from zoneproxy.config.part import Part, Text


class Control(Part):
    """The control socket: for the zone's own user and root, on this machine."""

    socket: Text = Field(
        "run/control.sock", description="a Unix socket, made by the running boundary, mode 0600"
    )
    orders: Text = Field(
        "state/orders",
        description="a folder for stops and for tenants that are added while the zone runs, mode 0700",
    )
