"""Operators answer, and differentiate, as TensorFlow.js was recorded to."""

import json
import math
from typing import Any

import pytest

from tests.conformance.cases import check_case
from tests.conftest import conformance_folder


def recorded() -> list[Any]:
    folder = conformance_folder()
    if folder is None:
        reason = "the recordings of TensorFlow.js are not beside this checkout"
        return [pytest.param(None, id="none", marks=pytest.mark.skip(reason=reason))]
    cases = json.loads((folder / "ops.json").read_text())["cases"]
    return [
        pytest.param(case, id=f"{case['op']}-{number}") for number, case in enumerate(cases) if is_whole(case["out"])
    ]


def is_whole(out: Any) -> bool:
    """Returns whether a recorded tensor has the values of its shape.

    TensorFlow.js's product of matrices with two batches to broadcast, [2, 1, …] and [4, …], has half of them.
    """
    return not (isinstance(out, dict) and isinstance(out.get("data"), list)) or len(out["data"]) == math.prod(
        out["shape"]
    )


@pytest.mark.parametrize("case", recorded())
def test_recorded(case):
    check_case(case)
