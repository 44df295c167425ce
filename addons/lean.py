"""Leaves out of the process what mitmproxy loads for addons that are not used here.

Importing any addon of mitmproxy runs `mitmproxy/addons/__init__.py`, which imports all forty of them and what
they need: a web framework, an LDAP client, template engines. A worker uses two, so each would hold some
13 MB of code that never runs, and that nobody wants in a boundary's process.

So the package is put in place without being run; its modules can be imported one by one. Whoever asks it for
`default_addons`, the one thing that it offers itself, has it run after all.

Seam used: `mitmproxy.addons` defines nothing but `default_addons` (12.2).
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

_PACKAGE = "mitmproxy.addons"
_OFFERS = "default_addons"


class _NotRun(ModuleType):
    """A package whose own code has not run."""

    def __getattr__(self, name: str) -> Any:
        if name != _OFFERS or self.__spec__ is None or self.__spec__.loader is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.__spec__.loader.exec_module(self)
        return self.__dict__[name]


def keep_out() -> bool:
    """Put mitmproxy's package of addons in place without running it; return whether it was not loaded before.

    Raises:
        ImportError: mitmproxy is not installed.
    """
    if _PACKAGE in sys.modules:
        return False
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None:
        raise ImportError(f"there is no {_PACKAGE}")
    package = _NotRun(_PACKAGE)
    package.__spec__, package.__loader__ = spec, spec.loader
    package.__file__, package.__package__ = spec.origin, _PACKAGE
    package.__path__ = list(spec.submodule_search_locations or ())
    sys.modules[_PACKAGE] = package
    sys.modules["mitmproxy"].__dict__["addons"] = package
    return True
