"""Operators answer calls drawn anew in each run as TensorFlow.js in Node does; gradients too.

A failure names its seed: `VELVETEEN_SEED=… pytest tests/conformance/test_random_against_tensorflowjs.py` draws the
same calls again.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Any

import pytest

from tests._javascript import run_node
from tests.conformance.cases import check_case
from tests.conformance.random_cases import OPERATORS
from tests.conformance.randomness import Random, float_places

CALLS = 5
"""How many calls of each operator a run makes."""

# One worker starts one Node for all.
pytestmark = pytest.mark.xdist_group("tensorflowjs")


@pytest.fixture(scope="module")
def seed() -> int:
    return int(os.environ.get("VELVETEEN_SEED") or secrets.randbelow(10**6))


@pytest.fixture(scope="module")
def answered(seed, tmp_path_factory) -> dict[str, list[Any]]:
    """Each operator's calls, with what TensorFlow.js answered."""
    cases = []
    for place, (op, draw) in enumerate(OPERATORS.items()):
        for call in range(CALLS):
            args = draw(Random([seed, place, call]))
            cases.append({"op": op, "args": args, "grad_of": float_places(args)})
    folder = tmp_path_factory.mktemp("calls")
    answers = run_node(Path(__file__).with_name("node_operators.js"), cases, folder)
    found: dict[str, list[Any]] = {op: [] for op in OPERATORS}
    for case, answer in zip(cases, answers, strict=True):
        found[case["op"]].append((case, answer))
    return found


@pytest.mark.parametrize("op", OPERATORS)
def test_same_as_tensorflowjs(op, seed, answered):
    refused = []
    for case, answer in answered[op]:
        if "error" in answer:
            refused.append(answer["error"])
            continue
        recorded = {"op": op, "args": case["args"], "out": answer["out"]}
        if answer["grads"] is not None:
            recorded |= {"grad_of": case["grad_of"], "grads_of_sum_of_squares": answer["grads"]}
        try:
            check_case(recorded)
        except Exception as error:
            error.add_note(f"seed {seed}, {json.dumps(recorded)[:3000]}")
            raise
    assert len(refused) < CALLS, f"TensorFlow.js refused every call of {op}: {refused[0]}"


def test_there_are_many():
    assert len(OPERATORS) >= 150
