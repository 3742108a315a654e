"""The plot of K8 as SVG: the bound over time, with its refreshes, and the bound over the age of its reference."""

from kit.experiments.endpoint import samples_of, segments

WIDTH, HEIGHT, LEFT, RIGHT, TOP, GAP = 900, 250, 70, 15, 30, 75
MOST_POINTS = 700


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
    y_high = max(ys) * 1.1 or 1

    def place(x, y):
        return (
            LEFT + (x - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT),
            offset + TOP + HEIGHT - y / y_high * HEIGHT,
        )

    bottom = offset + TOP + HEIGHT
    parts = [f'<rect x="{LEFT}" y="{offset + TOP}" width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT}" fill="none" stroke="#8888"/>']
    for step in range(5):
        y = y_high * step / 4
        x = x_low + (x_high - x_low) * step / 4
        (_, py), (px, _) = place(x_low, y), place(x, 0)
        anchor = "start" if step == 0 else "end" if step == 4 else "middle"
        parts += [
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{py:.1f}" y2="{py:.1f}" stroke="#8883"/>',
            f'<text x="{LEFT - 8}" y="{py + 4:.1f}" text-anchor="end" fill="currentColor">{y:.3g}</text>',
            f'<text x="{px:.1f}" y="{bottom + 18}" text-anchor="{anchor}" fill="currentColor">{x:.3g}</text>',
        ]
    for mark in marks:
        px, _ = place(mark, 0)
        parts.append(f'<line x1="{px:.1f}" x2="{px:.1f}" y1="{offset + TOP}" y2="{bottom}" stroke="#c77700" stroke-dasharray="3 4"/>')
    parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="1.8" fill="#2f6fd0"/>' for px, py in (place(x, y) for x, y in points)]
    legend = ", dashed: a refresh" if marks else ""
    parts.append(f'<text x="{LEFT}" y="{offset + 20}" fill="currentColor" font-weight="600">{y_title} over {x_title}{legend}</text>')
    return "".join(parts)
