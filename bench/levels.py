"""How often each detector level errs: writes the table in `docs/detection.md`, or checks it with `--check`.

    .venv/bin/python -m bench.levels

Measured on the labelled development records and on the vectors of other projects; the table stands between
two marks in the page and is never written by hand.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from bench.bench_content import CORPUS
from bench.results import ROOT
from zoneproxy.cli.json_lines import body_of
from zoneproxy.content.scan import ScanSettings, scan_body

PAGE = ROOT / "docs" / "detection.md"
FOREIGN = ROOT / "tests" / "vectors" / "detection" / "foreign.jsonl"
BEGIN, END = "<!-- levels: made by `python -m bench.levels` -->", "<!-- end of levels -->"
# ruff: noqa: E501 - a row of the table is one line
_HEAD = """| level | false alarms, development | of these by kind | recall, development | false alarms, vectors of others | recall, vectors of others |
| --- | --- | --- | --- | --- | --- |
"""


def development(level: int) -> tuple[str, str, str]:
    """Score a level on the labelled records: false alarms, their kinds, record recall."""
    alarms: Counter[str] = Counter()
    wrong = clean = found = held = 0
    for line in CORPUS.read_bytes().splitlines():
        read = json.loads(line)
        record = body_of(read)
        seen = scan_body(
            record.data, record.content_type, record.content_encoding, ScanSettings(level, bytes(32))
        )
        kinds = {finding.kind.upper() for finding in seen.findings if finding.kind != "uninspectable"}
        if read["labels"]:
            held += 1
            found += bool(kinds & {*read["labels"], *read.get("allow", ())})
        else:
            clean += 1
            wrong += bool(kinds)
            alarms.update(kind.lower() for kind in kinds)
    by_kind = ", ".join(f"`{kind}` {count}" for kind, count in alarms.most_common()) or "none"
    return f"{wrong} of {clean}", by_kind, f"{found / held:.3f}"


def foreign(level: int) -> tuple[str, str]:
    """Score a level on the vectors of other projects: false alarms, record recall."""
    wrong = clean = found = held = 0
    for line in FOREIGN.read_bytes().splitlines():
        vector = json.loads(line)
        seen = scan_body(vector["text"].encode(), None, None, ScanSettings(level, bytes(32)))
        kinds = {finding.kind for finding in seen.findings}
        if vector["kinds"]:
            held += 1
            found += bool(kinds & set(vector["kinds"]))
        else:
            clean += 1
            wrong += bool(kinds)
    return f"{wrong} of {clean}", f"{found / held:.3f}"


def table() -> str:
    """Measure every level and write the table."""
    rows = []
    for level in (1, 2, 3, 4):
        alarms, by_kind, recall = development(level)
        others, others_recall = foreign(level)
        name = f"{level} (default)" if level == 2 else str(level)  # noqa: PLR2004 - the configuration's default
        rows.append(f"| {name} | {alarms} | {by_kind} | {recall} | {others} | {others_recall} |\n")
    return _HEAD + "".join(rows)


def written(page: str, made: str) -> str:
    """Return the page with the table put between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{made}{END}{after}"


def main() -> int:
    """Write the table, or tell whether it is the one that would be written."""
    page = PAGE.read_text("utf-8")
    new = written(page, table())
    if "--check" in sys.argv[1:]:
        return 0 if new == page else 1
    Path(PAGE).write_text(new, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
