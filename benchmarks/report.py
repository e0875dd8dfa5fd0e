"""How every benchmark keeps and shows its figures: build/bench/NAME.json, and a table to read."""

import json
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build/bench"


def commit():
    """The commit that the figures are made on, with a + if the tree differs from it."""

    def git(*arguments):
        done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    return (git("rev-parse", "HEAD") or "unknown") + ("+" if git("status", "--porcelain") else "")


def over_rounds(rounds):
    """One dict of figures from one per round: each its median, with its least and greatest beside it."""
    figures = {}
    for key in rounds[0]:
        values = [figures_of_round[key] for figures_of_round in rounds]
        figures |= {key: statistics.median(values), f"{key}_min": min(values), f"{key}_max": max(values)}
    return figures


def over_groups(rounds):
    """The same for rounds whose figures are in groups, by name; those of the group "" come to the top."""
    document = {}
    for group in rounds[0]:
        figures = over_rounds([figures_of_round[group] for figures_of_round in rounds])
        document |= {group: figures} if group else figures
    return document


def load(path):
    return json.loads(path.read_text()) if path.exists() else {}


def save(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    partial.replace(path)


def table(header, rows):
    """A Markdown table whose columns line up; the first column is text, the others are right-aligned."""
    cells = [list(map(str, row)) for row in [header, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]

    def line(row):
        first, *others = (cell.ljust(width) if not column else cell.rjust(width)
                          for column, (cell, width) in enumerate(zip(row, widths)))
        return "| " + " | ".join([first, *others]) + " |"

    rule = "| " + " | ".join("-" * width if not column else "-" * (width - 1) + ":" for column, width in enumerate(widths)) + " |"
    return "\n".join([line(cells[0]), rule, *map(line, cells[1:])])


def spread(figures, key):
    """A figure of over_rounds with its least and greatest, to read."""
    return f"{figures[key]:.3f} ({figures[key + '_min']:.3f} to {figures[key + '_max']:.3f})"
