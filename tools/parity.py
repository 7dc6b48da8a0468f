"""Writes docs/parity.md: each public name of TensorFlow.js, what it is called here, and whether it is there.

    python tools/parity.py [LIST]

LIST is the csv file with TensorFlow.js's names (kind, tensorflowjs, velveteen, status, note); by default
../shared/conformance/api.csv beside the checkout. Headings are those of TensorFlow.js's reference, as the operators
tell them.
"""

import csv
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
NAMES = ROOT.parent / "shared" / "conformance" / "api.csv"
PAGE = ROOT / "docs" / "parity.md"

_HEADINGS = {
    "Model": "Models: what a model has",
    "Tensor": "Tensors: methods",
    "Dataset": "Data: what a dataset has",
    "data": "Data",
    "layers": "Layers",
    "train": "Training: optimizers",
    "callbacks": "Training: callbacks",
    "metrics": "Training: metrics",
    "initializers": "Layers: initializers",
    "regularizers": "Layers: regularizers",
    "constraints": "Layers: constraints",
    "io": "Files",
    "browser": "Browser",
}


class Row(NamedTuple):
    """One public name."""

    heading: str
    theirs: str
    ours: str
    required: bool
    there: bool
    note: str


def read_rows(path: Path) -> list[Row]:
    """Returns the rows that have a counterpart, under the headings of the reference."""
    from velveteen.ops._operator import REGISTRY

    operators = {id(operator.function): operator for operator in REGISTRY.values()}
    rows = []
    with open(path, encoding="utf-8", newline="") as file:
        for each in csv.DictReader(file):
            if each["status"] == "internal":
                continue
            kind, ours = each["kind"], each["velveteen"]
            found = find(ours)
            operator = operators.get(id(found)) if kind not in _HEADINGS else None
            heading = _HEADINGS.get(kind, "Everything else")
            notes = [each["note"]]
            if operator is not None:
                heading = ": ".join(part for part in (operator.heading, operator.subheading) if part)
                notes.append("also a method" if operator.method else "")
            notes.append("not there" if found is None else "")
            prefix = "" if kind in ("top", "Model", "Tensor", "Dataset") else f"{kind}."
            note = "; ".join(note for note in notes if note)
            rows.append(
                Row(heading, prefix + each["tensorflowjs"], ours, each["status"] == "required", found is not None, note)
            )
    return sorted(rows)


def find(name: str) -> Any:
    """Returns what velveteen has under a dotted name, None for nothing."""
    import velveteen

    found: Any = velveteen
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def page(rows: list[Row]) -> str:
    """Returns the page."""
    required = [row for row in rows if row.required]
    there = sum(row.there for row in required)
    lines = [
        "# Parity with TensorFlow.js",
        "",
        "Every public name of TensorFlow.js 4.22 and its name here, heading by heading. `python tools/parity.py` writes this",
        "page from the operators' registry and the list of TensorFlow.js's names; a test fails when it is stale.",
        "[Porting](porting.md) tells what differs on purpose.",
        "",
        f"**{there} of {len(required)} required names are there ({100 * there // max(1, len(required))} %)**, and "
        f"{sum(row.there for row in rows if not row.required)} of {len(rows) - len(required)} optional ones.",
    ]
    counts = Counter(row.heading for row in rows)
    for heading in sorted(counts):
        lines += ["", f"## {heading}", "| TensorFlow.js | velveteen | note |", "|---|---|---|"]
        lines += [f"| `{row.theirs}` | `{row.ours}` | {row.note} |" for row in rows if row.heading == heading]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    names = Path(sys.argv[1]) if len(sys.argv) > 1 else NAMES
    if not names.exists():
        sys.exit(f"There is no list of TensorFlow.js's names at {names}. Give its path: python tools/parity.py LIST")
    PAGE.write_text(page(read_rows(names)), encoding="utf-8")
    print(f"wrote {PAGE}")
