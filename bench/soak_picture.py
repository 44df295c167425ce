"""The picture of a soak, `bench/results/soak.svg`: memory over time, with its bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

BOUND_MB = 160
_WIDTH, _HEIGHT = 860, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 40, 64, 50
_TICKS_MB = (0, 40, 80, 120, 160)
_LINE, _BOUND, _INK, _SOFT, _FAINT = "#2f7d5b", "#b8562e", "#1d2430", "#6b7480", "#e4e7eb"


def draw(rows: Sequence[Mapping[str, float]]) -> str:
    """Return the picture as SVG.

    Args:
        rows: what `bench_memory` saw: `s`, `exchanges`, `mb`, in the order of time; at least two.
    """
    last_s, most_mb = rows[-1]["s"], max(BOUND_MB, *(row["mb"] for row in rows)) * 1.1
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(seconds: float) -> float:
        return _LEFT + wide * seconds / last_s

    def y(megabytes: float) -> float:
        return _TOP + high * (1 - megabytes / most_mb)

    line = " ".join(f"{x(row['s']):.1f},{y(row['mb']):.1f}" for row in rows)
    subtitle = f"{rows[-1]['exchanges']:,.0f} exchanges in {last_s:,.0f} s"
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            'font-family="sans-serif" font-size="13">'
        ),
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="20" y="28" font-size="17" fill="{_INK}">Memory of one worker over a soak (MB)</text>',
        f'<text x="20" y="48" fill="{_SOFT}">{subtitle}</text>',
    ]
    for tick in _TICKS_MB:
        ink, dash = (_BOUND, ' stroke-dasharray="4 3"') if tick == BOUND_MB else (_FAINT, "")
        place = f'x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"'
        parts += [
            f'<line {place} stroke="{ink}"{dash}/>',
            f'<text x="{_LEFT - 10}" y="{y(tick) + 4:.1f}" text-anchor="end" fill="{_SOFT}">{tick}</text>',
        ]
    for quarter in range(5):
        at = last_s * quarter / 4
        place = f'x="{x(at):.1f}" y="{_HEIGHT - _BOTTOM + 20}" text-anchor="middle"'
        parts.append(f'<text {place} fill="{_SOFT}">{at:,.0f} s</text>')
    bound = f'x="{_WIDTH - _RIGHT}" y="{y(BOUND_MB) - 6:.1f}" text-anchor="end"'
    parts += [
        f'<text {bound} fill="{_BOUND}">bound</text>',
        f'<polyline points="{line}" fill="none" stroke="{_LINE}" stroke-width="2"/>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
