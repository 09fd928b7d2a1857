"""The measurements as a picture."""

import html

import report

COLOURS = {"carafe": "#d2601a", "docker": "#4f86c6", "buildah": "#8a8f98"}
# One picture for light and dark pages: a grey that is read on both.
STYLE = "text{font:12px system-ui,sans-serif;fill:#7d8590}.ours{fill:#d2601a;font-weight:600}.head{font-weight:600}"
WIDTH, LEFT, BAR, GAP, WIDEST = 760, 200, 13, 9, 350


def chart(results):
    """A self-contained SVG: for each measurement a bar for each builder, as a part of the longest of them.

    Counts are left out, and so is what nobody but carafe was measured in.
    """
    rows = [row for row in results.rows() if row[1] in ("ms", "MB") and not row[0].endswith(": written") and len(row[2]) > 1]
    body, y = legend(results), 48
    for heading, unit in (("Time, median", "ms"), ("Memory", "MB")):
        group = [(name, cells) for name, of, cells in rows if of == unit]
        if group:
            body.append(f'<text class="head" x="{LEFT}" y="{y}">{heading} (shorter is better)</text>')
            y += 12
        for name, cells in group:
            body += bars(results, name.removesuffix(": peak memory"), unit, cells, y)
            y += len(cells) * BAR + GAP
        y += 16 if group else 0
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" role="img" aria-label="carafe and other builders">'
    return "\n".join([opening, f"<style>{STYLE}</style>", *body, "</svg>", ""])


def legend(results):
    parts = []
    for i, tool in enumerate(results.tools):
        x = LEFT + i * 170
        parts.append(f'<rect x="{x}" y="8" width="11" height="11" rx="2" fill="{COLOURS[tool]}"/>')
        parts.append(f'<text x="{x + 17}" y="18">{html.escape(short(results.versions[tool]) or tool)}</text>')
    return parts


def short(version):
    """Without what a distribution adds."""
    return version.partition("+")[0]


def bars(results, name, unit, cells, y):
    """One measurement's bars, from `y` down."""
    parts = [f'<text x="{LEFT - 10}" y="{y + len(cells) * BAR / 2 + 4:.0f}" text-anchor="end">{html.escape(name)}</text>']
    longest = max(cell.median for cell in cells.values()) or 1
    for tool in filter(cells.__contains__, results.tools):
        cell = cells[tool]
        width = max(1.5, cell.median / longest * WIDEST)
        label = report.shown(cell.median, unit) + (f" · {report.times(cell.ratio)}" if tool != "carafe" else "")
        parts.append(f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR - 2}" rx="2" fill="{COLOURS[tool]}"/>')
        ours = ' class="ours"' if tool == "carafe" else ""
        parts.append(f'<text{ours} x="{LEFT + width + 6:.1f}" y="{y + 10}">{html.escape(label)}</text>')
        y += BAR
    return parts
