"""What a zone remembers of its bundles: the highest revision of each layer, and the bundles in force.

    <state>/in-force.json     format, layers {layer: {revision, content, digest}}, shadows [digest]
    <state>/<sha256>.zpb      the bundles that it names, and older ones

The file is JSON in one form only, one line. `revision` and `content` (see `zoneproxy.policy.bundle_file`)
are the high-water mark of a layer: a bundle of a lower revision is refused, and so is another one of the
same revision. The bundle with `digest` is the last good one: a restart takes it up again, whatever
zone.yaml names, unless that is newer.

Order of writes: bundles, then the file, each whole and flushed under another name before it gets its own. A
crash leaves the old file or the new one, and a bundle that no file names.

Trust: whoever may write in this folder may put an old state back. Only the zone's user may write there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.files.trouble import why
from zoneproxy.policy.bundle_archive import MAX_BUNDLE_BYTES
from zoneproxy.policy.bundle_file import SUFFIX, Bundle, plain_json
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.durable import replace
from zoneproxy.trace.files import Files

FORMAT = "zoneproxy-policy-state-1"
FILE = "in-force.json"


@dataclass(frozen=True, slots=True)
class Mark:
    """The highest revision of a layer that was in force, and the bundle that it came in.

    Attributes:
        revision: the high-water mark.
        content: SHA-256 of its manifest.
        digest: SHA-256 of the bundle.
    """

    revision: int
    content: str
    digest: str

    @classmethod
    def of(cls, bundle: Bundle) -> Mark:
        """Take a bundle's mark."""
        return cls(bundle.revision, bundle.content, bundle.digest)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What stands in the file.

    Attributes:
        layers: the mark of each layer that ever was a bundle.
        shadows: digests of the bundles that watch.
    """

    layers: Mapping[str, Mark] = field(default_factory=dict)
    shadows: tuple[str, ...] = ()

    def highest(self, other: Remembered) -> Remembered:
        """Return this with the higher of both marks for each layer; equal ones are these."""
        layers = dict(self.layers)
        for layer, mark in other.layers.items():
            if layer not in layers or mark.revision > layers[layer].revision:
                layers[layer] = mark
        return Remembered(layers, self.shadows)


class PolicyState:
    """The folder in which a zone remembers its bundles.

    Args:
        root: the folder; it is made at the first write.
        files: the file-system port; the folder itself where not given.
    """

    def __init__(self, root: Path, files: Files | None = None) -> None:
        self.root = root
        self._files = files

    def read(self) -> Remembered:
        """Return what is remembered; nothing where there is no file.

        Raises:
            ConfigError: the file can't be believed.
        """
        data = self._get(FILE)
        if data is None:
            return Remembered()
        try:
            value = json.loads(data)
            made = Remembered(
                {str(layer): Mark(**mark) for layer, mark in value["layers"].items()},
                tuple(map(str, value["shadows"])),
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            made = None
        if made is None or _encode(made) != data:
            raise ConfigError(
                f"`{self.root / FILE}` can't be read: it is not what this program writes",
                hint="put it back from a copy; without it older policies could come back unseen",
            )
        return made

    def bundle(self, digest: str) -> bytes:
        """Return the bytes of a bundle that the file names; they are believed only after a check.

        Raises:
            ConfigError: it is gone.
        """
        data = self._get(f"{digest}{SUFFIX}")
        if data is None:
            raise ConfigError(
                f"the bundle in force is gone: `{self.root / digest}{SUFFIX}`",
                hint="put it back: a copy lies in the log's folder `policy`",
            )
        return data

    def keep(self, bundles: Sequence[Bundle]) -> None:
        """Keep bundles' bytes; nothing names them yet.

        Raises:
            OSError: the disk failed.
        """
        for bundle in bundles:
            replace(self._writable(), f"{bundle.digest}{SUFFIX}", bundle.data, private=True)

    def write(self, remembered: Remembered) -> None:
        """Put the file in place of the older one, durably.

        Raises:
            OSError: the disk failed; the older one or the new one is there, whole.
        """
        replace(self._writable(), FILE, _encode(remembered), private=True)

    def _get(self, path: str) -> bytes | None:
        if self._files is not None:
            return self._files.read(path)
        files = DiskFiles(self.root)
        try:
            return files.read_limited(path, MAX_BUNDLE_BYTES)
        except VerificationError as error:
            raise ConfigError(
                f"`{self.root / path}`: {error.message}", hint="look who writes there"
            ) from None
        except OSError as error:
            raise ConfigError(
                f"`{self.root / path}` can't be read: {why(error)}", hint="check its owner"
            ) from None

    def _writable(self) -> Files:
        if self._files is None:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._files = DiskFiles(self.root)
            self._files.make_folder("state", private=True)
        return self._files


def _encode(remembered: Remembered) -> bytes:
    marks = {
        layer: {"revision": mark.revision, "content": mark.content, "digest": mark.digest}
        for layer, mark in remembered.layers.items()
    }
    value: dict[str, Any] = {"format": FORMAT, "layers": marks, "shadows": list(remembered.shadows)}
    return plain_json(value)
