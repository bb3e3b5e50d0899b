"""Charts that need no library: bars in groups on a logarithmic scale, as SVG."""

from __future__ import annotations

import math

LEFT, BOTTOM = 60.0, 50.0
LEGEND_WIDTH = 132


def bars(
    title: str,
    groups: list[tuple[str, dict[str, float]]],
    names: dict[str, str],
    colours: dict[str, str],
    *,
    width: float = 860.0,
    height: float = 420.0,
) -> str:
    """A group of bars for each label, a bar for each name that has a value above zero there."""
    values = [value for _, found in groups for value in found.values() if value > 0] or [1.0]
    low = math.floor(math.log10(min(values)))
    high = max(math.ceil(math.log10(max(values))), low + 1)
    in_row = int((width - LEFT) // LEGEND_WIDTH)
    top = 46.0 + 14 * math.ceil(len(names) / in_row)
    span = height - top - BOTTOM

    def y(value: float) -> float:
        return top + span * (high - math.log10(value)) / (high - low)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12" fill="#777">',
        f'<text x="{LEFT}" y="20" font-size="15">{title} (logarithmic)</text>',
    ]
    for power in range(low, high + 1):
        level = y(10.0**power)
        out.append(
            f'<path d="M{LEFT} {level:.1f}H{width - 10}" stroke="#999" stroke-opacity=".35"/>'
            f'<text x="{LEFT - 6}" y="{level + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'
        )
    for number, (key, name) in enumerate(names.items()):
        row, column = divmod(number, in_row)
        x, level = LEFT + column * LEGEND_WIDTH, 30 + 14 * row
        out.append(
            f'<rect x="{x}" y="{level}" width="10" height="10" fill="{colours[key]}"/>'
            f'<text x="{x + 14}" y="{level + 9}" font-size="10">{name[:24]}</text>'
        )
    group = (width - LEFT - 20) / max(len(groups), 1)
    for position, (label, found) in enumerate(groups):
        start = LEFT + 10 + position * group
        bar = (group - 24) / len(names)
        for number, key in enumerate(names):
            value = found.get(key, 0.0)
            level = y(value) if value > 0 else height - BOTTOM
            x = start + number * bar
            out.append(
                f'<rect x="{x:.1f}" y="{level:.1f}" width="{max(bar - 3, 1):.1f}" '
                f'height="{height - BOTTOM - level:.1f}" fill="{colours[key]}"/>'
                f'<text x="{x + bar / 2 - 1.5:.1f}" y="{level - 3:.1f}" text-anchor="middle" '
                f'font-size="9">{short(value) if key in found else ""}</text>'
            )
        out.append(
            f'<text x="{start + group / 2 - 12:.1f}" y="{height - BOTTOM + 18}" '
            f'text-anchor="middle">{label}</text>'
        )
    return "\n".join([*out, "</svg>"]) + "\n"


def short(value: float) -> str:
    """Three digits, or the whole number where it has more."""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"
