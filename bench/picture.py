"""The pictures of what was measured: `bench/results/latest.svg`, drawn from `latest.json`, and `soak.svg`.

One bar for each measure that has a bound, as long as its share of the bound: a bar that ends left of the
line keeps it. Where more is better, the share is turned round.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape

from bench import soak_picture
from bench.results import FILE, SOAK, read

_WIDTH, _LEFT, _RIGHT = 860, 380, 130
_TOP, _ROW, _BAR = 74, 30, 16
_MOST_SHARE = 4.0
_KEEPS, _BREAKS, _INK, _SOFT = "#2f7d5b", "#b8562e", "#1d2430", "#6b7480"


@dataclass(frozen=True, slots=True)
class Bound:
    """A measure that the picture shows.

    Attributes:
        part: `ratios` or `figures`.
        name: its name there.
        words: what it is, for the reader.
        value: the bound.
        more_is_better: the measure is to be at least the bound, not at most.
    """

    part: str
    name: str
    words: str
    value: float
    more_is_better: bool = False


BOUNDS = (
    Bound("ratios", "boundary.request", "CPU of a request, against a bare proxy", 1.0),
    Bound("ratios", "boundary.event", "CPU of a streamed event, against a bare proxy", 1.3),
    Bound("figures", "latency.request.added.p99.ms", "a request beyond bare and a flush, p99 (ms)", 3),
    Bound("figures", "latency.first_token.added.ms", "first token beyond bare and a flush (ms)", 3),
    Bound("figures", "memory.soak.mb", "memory after the soak (MB)", 160),
    Bound("figures", "memory.soak.growth.mb", "growth in the soak's second half (MB)", 2),
    Bound("figures", "memory.idle.mb", "memory with 1,000 idle streams (MB)", 160),
    Bound("figures", "memory.idle.again.mb", "memory after 1,000 idle streams, twice (MB)", 160),
    Bound("ratios", "workers.two", "two workers' throughput, against one", 1.8, more_is_better=True),
    Bound("ratios", "workers.two.whole", "the same, the sequencer on their cores", 1.8, more_is_better=True),
    Bound("ratios", "log.append", "durable appends, against the bare disk", 0.5, more_is_better=True),
    Bound("figures", "log.append.per_s", "durable appends a second", 1_000, more_is_better=True),
    Bound("ratios", "log.audit", "CPU of an audit, against hash and parse", 2.5),
    Bound("figures", "log.audit.peak.mb", "peak memory of an audit (MB)", 300),
    Bound(
        "figures",
        "log.replay.decisions_per_s",
        "decisions replayed a CPU second, audit and all",
        8_334,
        more_is_better=True,
    ),
    Bound("figures", "policy.flow.us", "a flow judged at three legs (µs)", 40),
    Bound("figures", "policy.load.s", "310 rules loaded (s)", 0.3),
    Bound("figures", "policy.prove.s", "310 rules proved (s)", 0.5),
)


def share(bound: Bound, measured: float) -> float:
    """Return how much of its bound a measure takes; at most 1 where the bound is kept."""
    return bound.value / measured if bound.more_is_better else measured / bound.value


def draw() -> str:
    """Return the picture as SVG."""
    kept = read()
    rows = [(bound, kept[bound.part][bound.name]) for bound in BOUNDS if bound.name in kept[bound.part]]
    scale = (_WIDTH - _LEFT - _RIGHT) / _MOST_SHARE
    height, line = _TOP + _ROW * len(rows) + 34, _LEFT + scale
    machine = kept["machine"]
    subtitle = f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}"
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
            'font-family="sans-serif" font-size="13">'
        ),
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="20" y="28" font-size="17" fill="{_INK}">What was measured, as a share of its bound</text>',
        f'<text x="20" y="48" fill="{_SOFT}">{escape(subtitle)}</text>',
        f'<text x="{line:g}" y="{_TOP - 8}" text-anchor="middle" fill="{_SOFT}">bound</text>',
    ]
    for number, (bound, measured) in enumerate(rows):
        parts += _row(bound, measured, _TOP + number * _ROW, scale)
    parts += [
        (
            f'<line x1="{line:g}" y1="{_TOP - 2}" x2="{line:g}" y2="{height - 32}" stroke="{_INK}" '
            'stroke-dasharray="4 3"/>'
        ),
        (
            f'<text x="20" y="{height - 12}" fill="{_SOFT}">A bar left of the line keeps its bound; '
            f"bars end at {_MOST_SHARE:g} times the bound.</text>"
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _row(bound: Bound, measured: float, top: int, scale: float) -> list[str]:
    part = share(bound, measured)
    width = max(0.0, min(part, _MOST_SHARE)) * scale
    middle = top + _ROW // 2 + 1
    limit = f"{'≥' if bound.more_is_better else '≤'} {bound.value:,g}"
    return [
        (
            f'<text x="{_LEFT - 10}" y="{middle + 4}" text-anchor="end" fill="{_INK}">'
            f"{escape(bound.words)}</text>"
        ),
        (
            f'<rect x="{_LEFT}" y="{middle - _BAR // 2}" width="{width:.1f}" height="{_BAR}" rx="2" '
            f'fill="{_KEEPS if part <= 1 else _BREAKS}"/>'
        ),
        (
            f'<text x="{_LEFT + max(width, scale) + 8:.1f}" y="{middle + 4}" fill="{_INK}">{_told(measured)}'
            f'<tspan dx="6" fill="{_SOFT}">({escape(limit)})</tspan></text>'
        ),
    ]


def _told(measured: float) -> str:
    """Write four digits, and never a power of ten."""
    return f"{measured:,.0f}" if abs(measured) >= 1000 else f"{measured:.4g}"  # noqa: PLR2004 - four digits


def main() -> None:
    """Draw the pictures beside what was measured."""
    FILE.with_suffix(".svg").write_text(draw(), "utf-8")
    if SOAK.is_file():
        SOAK.with_suffix(".svg").write_text(soak_picture.draw(json.loads(SOAK.read_text("utf-8"))), "utf-8")


if __name__ == "__main__":
    main()
