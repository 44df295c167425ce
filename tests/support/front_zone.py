"""A zone with two doors behind a front, for tests of what `zoneproxy front` writes."""

from __future__ import annotations

from zoneproxy.cli.init import TEMPLATE

_FILES = "certificate: /etc/front/{0}.pem, key: /etc/front/{0}.pem.key"
FRONTED = ', fronts: ["10.77.0.20/32"], proxy_protocol: v2'
FRONT = f"""
front:
  doors:
    - {{route: cable-sg-1, listen: ["203.0.113.7:443", "[2001:db8::7]:443"], names: [sg.zone.example],
       {_FILES.format("sg")}, client_ca: /etc/front/clients.pem, crl: /etc/front/clients.crl}}
    - {{route: cable-my-1, listen: ["203.0.113.8:443"]}}
"""


def zone_yaml(*, fronts: bool = True, front: str = FRONT) -> str:
    """Write a zone: the front ends TLS of the first door, the second door ends its own."""
    text = TEMPLATE.format(zone="zone-1", origin="zone.example/log", port=8443, sg="a" * 64, my="b" * 64)
    told = FRONTED if fronts else ""
    own = ", tls: {certificate: tls/door.pem, key: tls/door.key, client_ca: tls/clients.pem}"
    for place, more in (("127.0.10.1", told), ("127.0.11.1", told + own)):
        listen = f'listen: "{place}:8443"'
        if listen not in text:
            raise AssertionError(listen)
        text = text.replace(listen, listen + more)
    return text + front
