"""What was measured, as a table, as JSON and as a chart."""

import html
import json
import platform
import statistics

COLOURS = {"carafe": "#c2571a", "docker": "#5b7fa6", "buildah": "#8c8c8c"}


class Results:
    """{measurement: {tool: [values]}}, in milliseconds or MB, with the notes of what is missing."""

    def __init__(self, tools, notes):
        self.tools, self.notes = [tool.name for tool in tools], notes
        self.versions = {tool.name: tool.version() for tool in tools}
        self.values, self.units = {}, {}

    def add(self, name, tool, value, unit="ms"):
        if value is not None:
            self.units[name] = unit
            self.values.setdefault(name, {}).setdefault(tool.name, []).append(value)

    def note(self, text):
        self.notes.append(text)
        print(f"! {text}", flush=True)

    def rows(self):
        """(measurement, unit, {tool: (median, least, most, ratio to carafe)}); no ratio where carafe has no value."""
        for name, tools in self.values.items():
            ours = statistics.median(tools["carafe"]) if "carafe" in tools else None
            cells = {}
            for tool, values in tools.items():
                median = statistics.median(values)
                cells[tool] = median, min(values), max(values), median / ours if ours else None
            yield name, self.units[name], cells


def shown(value, unit):
    """A value with its unit, three digits."""
    if unit == "ms" and value >= 1000:
        value, unit = value / 1000, "s"
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def times(ratio):
    return "" if ratio is None else f"{ratio:.0f}×" if ratio >= 20 else f"{ratio:.1f}×"


def table(results):
    """Lines of Markdown: medians, the least and the most, and how often carafe's each is."""
    lines = ["| | " + " | ".join(results.versions[tool] or tool for tool in results.tools) + " |", "|---" * (len(results.tools) + 1) + "|"]
    for name, unit, cells in results.rows():
        texts = []
        for tool in results.tools:
            if tool not in cells:
                texts.append("—")
                continue
            median, least, most, ratio = cells[tool]
            ratio = f" **{times(ratio)}**" if ratio is not None and len(results.tools) > 1 else ""
            spread = f" ({shown(least, unit)} – {shown(most, unit)})" if least < most else ""
            texts.append(f"{shown(median, unit)}{spread}{ratio}")
        lines.append(f"| {name} | " + " | ".join(texts) + " |")
    return lines


def as_json(results, settings):
    measurements = {
        name: {"unit": unit, "tools": {tool: dict(zip(("median", "least", "most", "ratio"), cell), values=results.values[name][tool]) for tool, cell in cells.items()}}
        for name, unit, cells in results.rows()
    }
    machine = {"system": platform.release(), "machine": platform.machine(), "processor": processor()}
    return json.dumps({"versions": results.versions, "machine": machine, "settings": settings, "notes": results.notes, "measurements": measurements}, indent=1)


def processor():
    with open("/proc/cpuinfo") as f:
        lines = f.read().split("\n")
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} × {names[0]}" if names else ""


def chart(results):
    """A self-contained SVG: for each measurement a bar for each builder, as a part of the longest."""
    rows = list(results.rows())
    bar, gap, left, widest = 16, 14, 170, 400
    height = 50 + sum(len(cells) * bar + gap for _, _, cells in rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{height}" viewBox="0 0 760 {height}" role="img" aria-label="Times of carafe and others">',
        "<style>text{font:12px sans-serif;fill:#24292f}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>",
    ]
    for i, tool in enumerate(results.tools):
        parts.append(f'<rect x="{left + i * 150}" y="10" width="12" height="12" fill="{COLOURS[tool]}"/>')
        parts.append(f'<text x="{left + i * 150 + 18}" y="20">{html.escape(results.versions[tool] or tool)}</text>')
    y = 40
    for name, unit, cells in rows:
        parts.append(f'<text x="{left - 10}" y="{y + len(cells) * bar / 2 + 4}" text-anchor="end">{html.escape(name)}</text>')
        longest = max(median for median, *_ in cells.values()) or 1
        for tool in filter(cells.__contains__, results.tools):
            median, _, _, ratio = cells[tool]
            width = max(1.5, median / longest * widest)
            label = shown(median, unit) + (f" · {times(ratio)}" if ratio is not None and len(cells) > 1 else "")
            parts.append(f'<rect x="{left}" y="{y}" width="{width:.1f}" height="{bar - 3}" fill="{COLOURS[tool]}"/>')
            parts.append(f'<text x="{left + width + 6:.1f}" y="{y + 11}">{html.escape(label)}</text>')
            y += bar
        y += gap
    return "\n".join([*parts, "</svg>", ""])
