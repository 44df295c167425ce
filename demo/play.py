"""`make demo`: plays the scenes through a real boundary, then checks its log, breaks it and checks again.

Exit code 0 only if every scene, and every check after them, went as expected.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from demo.programs import ROOT, StartError
from demo.scenes import SCENES, Unexpected
from demo.stage import CONFIG, FOLDER, LOG, Stage, StageError, set_stage, zoneproxy

_TAMPERED = FOLDER / "tampered-log"
_GREEN, _RED, _DIM, _BOLD = "32", "31", "2", "1"

PICTURE = """\
   overseas                        the zone                        domestic
   Singapore 127.0.10.1 --->|                          |<-x- 127.0.20.1 callers
                            | boundary ---> model      |
   Kuala Lumpur  .11.1 ---->|    |            |        |
                            |    v            v        |
                            |  log      out 127.0.30.1 |--x-> domestic hosts"""


def _paint(text: str, colour: str) -> str:
    plain = not sys.stdout.isatty() or bool(os.environ.get("NO_COLOR"))
    return text if plain else f"\x1b[{colour}m{text}\x1b[0m"


def _say(text: str = "") -> None:
    print(text, flush=True)


class Programme:
    """Numbers the acts, prints each with what was expected and what happened, and counts failures."""

    def __init__(self) -> None:
        self.number = 0
        self.failed = 0

    def act(self, title: str, expected: str, play: Callable[[], str]) -> None:
        """Play one act; whatever goes wrong in it is told and counted, and the next one goes on."""
        self.number += 1
        _say(f"{self.number:>2}. {_paint(title, _BOLD)}")
        _say(f"    expected  {expected}")
        try:
            happened, mark = play(), _paint("as expected", _GREEN)
        except Unexpected as surprise:
            happened, mark = str(surprise), _paint("NOT AS EXPECTED", _RED)
            self.failed += 1
        except Exception as error:  # noqa: BLE001 - one broken scene must not hide the others
            happened, mark = f"{type(error).__name__}: {error}", _paint("NOT AS EXPECTED", _RED)
            self.failed += 1
        _say(f"    happened  {happened}  [{mark}]")
        _say()


def _verify() -> str:
    done = zoneproxy("log", "verify", str(LOG))
    if done.returncode != 0:
        raise Unexpected(f"exit code {done.returncode}: {_last(done.stdout + done.stderr)}")
    return done.stdout.splitlines()[0]


def _replay() -> str:
    done = zoneproxy("replay", str(LOG), "--opening-key", str(FOLDER / "keys" / "opening.key"))
    if done.returncode != 0:
        raise Unexpected(f"exit code {done.returncode}: {_last(done.stdout + done.stderr)}")
    return _last(done.stdout)


def _tamper() -> str:
    """Change one byte of a copy of the log, and let the verifier find it."""
    shutil.copytree(LOG, _TAMPERED)
    bundle = max(_TAMPERED.glob("*/tile/entries/**/*"), key=_size)
    content = bytearray(bundle.read_bytes())
    place = len(content) // 2
    content[place] ^= 1
    bundle.chmod(0o600)
    bundle.write_bytes(content)
    done = zoneproxy("log", "verify", str(_TAMPERED))
    told = next((line for line in done.stdout.splitlines() if "entry" in line), "")
    if done.returncode != 1 or not told:
        raise Unexpected(f"exit code {done.returncode}, and no entry named: {_last(done.stdout)}")
    return f"byte {place} of {bundle.relative_to(_TAMPERED)} is another; the verifier says: {told}"


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "nothing was said"


def _opening(stage: Stage) -> None:
    _say(PICTURE)
    _say()
    _say(f"model     {stage.model}")
    _say(f"doors     {', '.join(f'{name} {url}' for name, url in stage.doors.items())}")
    _say(f"config    {CONFIG.relative_to(ROOT)}")
    _say()


def _closing(programme: Programme, seconds: float) -> None:
    if programme.failed:
        _say(_paint(f"{programme.failed} of {programme.number} acts did not go as expected", _RED))
        return
    _say(_paint(f"all {programme.number} acts went as expected, in {seconds:.0f} s", _GREEN))
    _say()
    _say("what to look at next")
    log = LOG.relative_to(ROOT)
    for what, why in (
        (f".venv/bin/zoneproxy log verify {log}", f"what a regulator runs; the keys are {log}/*/*.vkey"),
        (
            f".venv/bin/zoneproxy replay {log} --opening-key {log.parent}/keys/opening.key",
            "every decision again, under the policy of its day",
        ),
        (f"{CONFIG.relative_to(ROOT)}", "the operator's configuration: doors, tenants, servers"),
        ("policies/", "the rules: the regulator's layer, and the operator's"),
        ("zoneproxy/passage/machine.py", "the way of a request, as a table"),
    ):
        _say(f"  {what:<44} {why}")


def main() -> int:
    """Play everything; 0 if all went as expected, 1 if not, 2 if the stage could not be set."""
    began = time.monotonic()
    programme = Programme()
    _say(_paint("zoneproxy: collect overseas, process domestically, return overseas", _BOLD))
    _say()
    try:
        with set_stage(_say) as stage:
            _opening(stage)
            for scene in SCENES:
                programme.act(scene.title, scene.expected, partial(scene.play, stage))
    except (StageError, StartError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    programme.act("the log is verified", "signature, tree and every entry hold", _verify)
    programme.act("every decision is replayed", "each is decided again as it was", _replay)
    programme.act("one byte of a copy of the log is changed", "the verifier names the entry", _tamper)
    _closing(programme, time.monotonic() - began)
    return 1 if programme.failed else 0
