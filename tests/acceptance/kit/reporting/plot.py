"""The plot of K8 as SVG: the bound over time, with its refreshes, and the bound over the age of its reference."""

import math

from kit.experiments.endpoint import samples_of, segments

WIDTH, HEIGHT, LEFT, RIGHT, TOP, GAP = 900, 250, 70, 15, 30, 75
MOST_POINTS = 700
# Readable on white and on black, since the file has no background.
TEXT = "#7a7a7a"


def growth_plot(documents):
    """None if there is nothing to plot."""
    samples = samples_of(documents)
    if len(samples) < 2:
        return None
    begin = samples[0][0]
    refreshes = [part[0][0] - begin for part in segments(samples)[1:]]
    thinned = samples[:: max(len(samples) // MOST_POINTS, 1)]
    over_time = _panel(0, [((s[0] - begin) / 60, s[2]) for s in thinned], "minutes since the start", "bound (ms)", [at / 60 for at in refreshes])
    over_age = _panel(HEIGHT + GAP, [(s[1], s[2]) for s in thinned], "age of the reference (s)", "bound (ms)", [])
    height = 2 * HEIGHT + GAP + TOP + 30
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'aria-label="Two plots of the clock error bound: over time, and over the age of the reference" '
        f'font-family="system-ui, DejaVu Sans, sans-serif" font-size="13">{over_time}{over_age}</svg>\n'
    )


def _panel(offset, points, x_title, y_title, marks):
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x_low, x_high = min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1
    # From zero, so that a small change does not look like a large one.
    y_ticks = ticks(0, max(ys) or 1)
    y_high = y_ticks[-1]

    def place(x, y):
        return (
            LEFT + (x - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT),
            offset + TOP + HEIGHT - y / y_high * HEIGHT,
        )

    bottom = offset + TOP + HEIGHT
    parts = [f'<rect x="{LEFT}" y="{offset + TOP}" width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT}" fill="none" stroke="#8888"/>']
    for y in y_ticks:
        _, py = place(x_low, y)
        parts += [
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{py:.1f}" y2="{py:.1f}" stroke="#8883"/>',
            f'<text x="{LEFT - 8}" y="{py + 4:.1f}" text-anchor="end" fill="{TEXT}">{y:g}</text>',
        ]
    for x in ticks(x_low, x_high):
        if x_low <= x <= x_high:
            px, _ = place(x, 0)
            parts.append(f'<text x="{px:.1f}" y="{bottom + 18}" text-anchor="middle" fill="{TEXT}">{x:g}</text>')
    for mark in marks:
        px, _ = place(mark, 0)
        parts.append(f'<line x1="{px:.1f}" x2="{px:.1f}" y1="{offset + TOP}" y2="{bottom}" stroke="#c77700" stroke-dasharray="3 4"/>')
    parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="1.8" fill="#2f6fd0"/>' for px, py in (place(x, y) for x, y in points)]
    legend = ", dashed: a refresh" if marks else ""
    parts.append(f'<text x="{LEFT}" y="{offset + 20}" fill="{TEXT}" font-weight="600">{y_title} over {x_title}{legend}</text>')
    return "".join(parts)


def ticks(low, high):
    """About five round numbers from at or below `low` to at or above `high`."""
    rough = (high - low) / 5
    magnitude = 10 ** math.floor(math.log10(rough))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= rough * 0.999)
    first = math.floor(low / step)
    return [round(n * step, 12) for n in range(first, math.ceil(high / step - 1e-9) + 1)]
