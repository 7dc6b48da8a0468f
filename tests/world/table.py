"""Prints the table of docs/models-from-elsewhere.md: `python -m tests.world.table` (950 MB from npm, five minutes)."""

import tempfile
from pathlib import Path

from tests.world._models import MODELS, compare, packages_folder, unpacked


def main() -> None:
    """Loads every model and asks TensorFlow.js about it."""
    if packages_folder() is None:
        raise SystemExit("Node.js 18 or the npm packages of tests/world cannot be installed here.")
    print("| package | model | kind | largest difference |\n|---|---|---|---|", flush=True)
    for model in MODELS:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            largest, _ = compare(model, unpacked([model], folder)[model.name], folder)
        name = model.path.removeprefix("dist/").removeprefix("models/")
        print(f"| {model.package} {model.version} | {name} | {model.kind} | {largest:.0e} |", flush=True)


if __name__ == "__main__":
    main()
