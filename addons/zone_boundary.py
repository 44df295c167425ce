"""The developer's door: `mitmdump -s addons/zone_boundary.py --set zone_config=zone.yaml`.

The same boundary as `zoneproxy run`, inside a master that is not ours: mitmdump reloads scripts,
runs other addons after them, and goes on after an addon's exception. So this door says what it is,
marks every record `assurance: dev`, and opens loopback listeners only.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mitmproxy import ctx, exceptions
from mitmproxy.proxy.mode_specs import ProxyMode

from addons import doors
from addons.boundary import Boundary
from addons.options import fix
from addons.server_tls import ServerTlsAddon
from addons.unspoken import Unspoken
from zoneproxy.assembly import Zone, assemble
from zoneproxy.terms.errors import ZoneError

if TYPE_CHECKING:
    from mitmproxy.addonmanager import Loader

log = logging.getLogger("zoneproxy.developer")

WARNING = (
    "developer's door: this process may fail open where `zoneproxy run` can't; "
    "its records are marked assurance=dev and prove nothing to a regulator"
)


class DeveloperDoor(Boundary):
    """The boundary as a mitmdump script."""

    name = "boundary"

    def __init__(self) -> None:
        super().__init__()
        self.zone: Zone | None = None

    def load(self, loader: Loader) -> None:
        """Offer the one option."""
        loader.add_option("zone_config", str, "", "the zone.yaml to run (developer's door)")

    def configure(self, updated: set[str]) -> None:
        """Assemble the boundary when the configuration is named; once."""
        if "zone_config" not in updated or not ctx.options.zone_config:
            return
        if self.core is not None:
            raise exceptions.OptionsError("zone_config can't change while the boundary runs")
        log.warning("%s (modes: %s)", WARNING, doors.ZoneMode.type_name)
        try:
            zone = assemble(ctx.options.zone_config, assurance="dev")
        except ZoneError as error:
            hint = f" (hint: {error.hint})" if error.hint else ""
            raise exceptions.OptionsError(f"{error.message}{hint}") from error
        self.zone = zone
        self.core = zone.boundary
        zone.boundary.on_stops = self.stops_changed
        fix(ctx.options, zone.boundary)

    async def running(self) -> None:
        """Write the opening records; only then are connections accepted."""
        if self.zone is None:
            log.error("no zone_config: nothing is served")
            ctx.master.shutdown()
            return
        self.zone.tell_failure(ctx.master.shutdown)
        # mitmdump reads a script only after it has opened its usual listener (which the boundary
        # refuses): close that one, open the doors.
        servers = ctx.master.addons.get("proxyserver").servers
        if not await servers.update([ProxyMode.parse(mode) for mode in self.zone.boundary.modes()]):
            ctx.master.shutdown()
            return
        await self.zone.start()
        await super().running()

    async def done(self) -> None:
        """Record what is still under way and close the log."""
        await super().done()
        if self.zone is not None:
            self.zone.shut()
            await self.stop()
            await self.zone.close()


_door = DeveloperDoor()
addons = [_door, ServerTlsAddon(_door), Unspoken()]
