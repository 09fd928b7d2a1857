"""What was measured, as a table and as JSON."""

import json
import platform
import statistics

from chart import chart  # noqa: F401: one of the three forms of a report


class Results:
    """{measurement: {tool: [values]}}, in milliseconds, MB or (unit "") numbers, with the notes of what is missing."""

    def __init__(self, tools, notes):
        self.tools, self.notes = [tool.name for tool in tools], notes
        self.versions = {tool.name: tool.version() for tool in tools}
        self.values, self.units, self.idle = {}, {}, {}

    def add(self, name, tool, value, unit="ms"):
        if value is not None:
            self.units[name] = unit
            self.values.setdefault(name, {}).setdefault(tool.name, []).append(value)

    def keep(self, earlier):
        """Take over what a report as JSON has of measurements that this run did not make."""
        for name, measured in earlier["measurements"].items():
            if name not in self.values:
                self.units[name] = measured["unit"]
                self.values[name] = {tool: cell["values"] for tool, cell in measured["tools"].items()}
        self.notes += [note for note in earlier["notes"] if note not in self.remarks()]

    def note(self, text):
        self.notes.append(text)
        print(f"! {text}", flush=True)

    def remarks(self):
        """What a reader of the table has to know."""
        yield from self.notes
        if len(self.tools) == 1:
            yield "nobody to compare with: a time without a ratio says more of the machine than of carafe"
        for tool, memory in self.idle.items():
            yield f"{tool}'s memory is its daemons', {shown(memory, 'MB')} of it before the build"

    def rows(self):
        """(measurement, unit, {tool: Cell}), of what carafe has a value too: a time without a ratio is not shown."""
        for name, tools in self.values.items():
            if "carafe" in tools:
                yield name, self.units[name], {tool: Cell(values, tools["carafe"]) for tool, values in tools.items()}


class Cell:
    """One builder's values of a measurement, and how many times carafe's they are: `ratio` of the medians, `ratios` of each round's two."""

    def __init__(self, values, ours):
        self.values, self.median = values, statistics.median(values)
        self.ratio = self.median / statistics.median(ours)
        paired = ours if len(ours) == len(values) else []
        self.ratios = sorted(value / our for value, our in zip(values, paired))

    def record(self):
        spread = {"least": min(self.values), "most": max(self.values)}
        return {"median": self.median, **spread, "ratio": self.ratio, "ratios": self.ratios, "values": self.values}


def shown(value, unit):
    """A value with its unit, three digits."""
    if unit == "ms" and value >= 1000:
        value, unit = value / 1000, "s"
    return (f"{value:.0f}" if value >= 100 else f"{value:.3g}") + f" {unit}".rstrip()


def times(ratio):
    return f"{ratio:.0f}×" if ratio >= 20 else f"{ratio:.1f}×"


def table(results):
    """Lines of Markdown: medians, the least and the most, and how often carafe's each is."""
    lines = ["| | " + " | ".join(results.versions[tool] or tool for tool in results.tools) + " |", "|---" * (len(results.tools) + 1) + "|"]
    for name, unit, cells in results.rows():
        texts = [text(cells[tool], unit, tool) if tool in cells else "—" for tool in results.tools]
        lines.append(f"| {name} | " + " | ".join(texts) + " |")
    return lines


def text(cell, unit, tool):
    """"325 ms (294 ms – 345 ms), **28×** (24× – 33×)"."""
    parts = [shown(cell.median, unit) + spread([shown(value, unit) for value in (min(cell.values), max(cell.values))])]
    if tool != "carafe":
        parts.append(f"**{times(cell.ratio)}**" + spread([times(ratio) for ratio in cell.ratios]))
    return ", ".join(parts)


def spread(texts):
    return f" ({texts[0]} – {texts[-1]})" if texts and texts[0] != texts[-1] else ""


def as_json(results, settings):
    measurements = {
        name: {"unit": unit, "tools": {tool: cell.record() for tool, cell in cells.items()}} for name, unit, cells in results.rows()
    }
    machine = {"system": platform.release(), "machine": platform.machine(), "processor": processor()}
    whole = {"versions": results.versions, "machine": machine, "settings": settings, "notes": list(results.remarks()), "measurements": measurements}
    return json.dumps(whole, indent=1)


def processor():
    with open("/proc/cpuinfo") as f:
        lines = f.read().split("\n")
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} × {names[0]}" if names else ""
