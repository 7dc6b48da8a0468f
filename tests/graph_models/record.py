"""Asks TensorFlow.js what the graphs of cases.py, control_cases.py and text_cases.py compute, and writes recorded.json.

`python -m tests.graph_models.record`
"""

import json
import tempfile
from pathlib import Path

from tests._javascript import run_node
from tests.graph_models import cases, control_cases, text_cases

FOLDER = Path(__file__).parent
FAMILIES = (
    cases.element_by_element,
    cases.convolutions,
    cases.matrices,
    cases.shapes,
    cases.pictures,
    cases.texts,
    control_cases.jumps,
    control_cases.functions,
    control_cases.lists,
    text_cases.moved_texts,
    text_cases.kept_texts,
)


def main() -> None:
    for family in FAMILIES:
        family()
    with tempfile.TemporaryDirectory() as folder:
        answers = run_node(FOLDER / "record.js", cases.CASES, Path(folder))
    recorded = [{**case, "answers": answer} for case, answer in zip(cases.CASES, answers, strict=True)]
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in recorded)
    (FOLDER / "recorded.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
