"""At the edges, operators answer as TensorFlow.js in Node does, and raise a VelveteenError where it throws.

Where they differ on purpose, a rule below says so; docs/porting.md tells it to users.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests._javascript import run_node
from tests.conformance.cases import call, compare
from tests.conformance.edge_cases import OPERATORS
from tests.conformance.edge_values import EXTREME
from velveteen.errors import VelveteenError

# One worker starts one Node for all.
pytestmark = pytest.mark.xdist_group("tensorflowjs")


class Rule(NamedTuple):
    """Calls that velveteen answers otherwise, and why."""

    why: str
    operators: str  # those concerned; "" for all
    applies: Callable[[list[Any], dict[str, Any]], bool]  # to the arguments and TensorFlow.js's answer


def has(dtype: str) -> Callable[[list[Any], dict[str, Any]], bool]:
    return lambda args, answer: any(isinstance(arg, dict) and arg.get("dtype") == dtype for arg in args)


def throws(*texts: str) -> Callable[[list[Any], dict[str, Any]], bool]:
    return lambda args, answer: any(text in answer.get("error", "") for text in texts)


def is_large(args: list[Any], answer: dict[str, Any]) -> bool:
    return any(isinstance(arg, dict) and arg["data"] is EXTREME["data"] for arg in args)


def is_any(args: list[Any], answer: dict[str, Any]) -> bool:
    return True


ANSWERED = [
    Rule(
        "complex numbers are computed with", "", throws("does not support complex64", "complex64 dtype TensorBuffers")
    ),
    Rule("the imaginary part is not dropped", "mean moments", has("complex64")),
    Rule("texts can be moved about", "cast gather", throws("must be numeric tensor, but got string")),
    Rule(
        "TensorFlow.js fails by accident",
        "",
        throws("Cannot read properties", "NaN elements", "Cannot infer the missing"),
    ),
    Rule("an empty range is empty", "stridedSlice", throws("Negative size values")),
    Rule("norms of integers are computed", "euclideanNorm norm", throws("must be float32 tensor, but got int32")),
    Rule("more equations are understood", "einsum", throws("without an arrow", "duplicate axes")),
    Rule(
        "integers lose no digits in float32 on the way",
        "abs square squaredDifference mul floorDiv mod pow logSigmoid selu softplus logSumExp logSoftmax prelu",
        is_large,
    ),
    Rule("booleans are converted first", "logSigmoid logSumExp logSoftmax", has("bool")),
    Rule("of nothing, and of infinity, it is what mathematics says", "all logSumExp", is_any),
    Rule("NaN is not passed over", "maxPool", is_any),
    Rule("batches of other ranks are broadcast", "matMul", lambda args, answer: len(args[0]["shape"]) > 3),
    Rule("a negative axis counts from the end", "cumsum cumprod", lambda args, answer: args[1] < 0),
]
"""Where velveteen's answer is another one."""

REFUSED = [
    Rule("an axis that is not there", "cumsum cumprod", is_any),
    Rule("an axis named twice", "max min sum prod mean euclideanNorm moments transpose", is_any),
    Rule("paddings for other dimensions", "pad", is_any),
    Rule("windows that do not fit", "conv1d conv2d maxPool avgPool conv2dTranspose", is_any),
    Rule("sizes that do not fit", "batchNorm image.resizeBilinear scatterND", is_any),
    Rule("a kind of pooling that is none", "pool", is_any),
]
"""What TensorFlow.js answers with numbers from outside of the tensor, or with a tensor of nothing, is an error."""


@pytest.fixture(scope="module")
def answered(tmp_path_factory) -> dict[str, list[Any]]:
    """Each operator's calls, with what TensorFlow.js answered."""
    cases = [{"op": op, "args": args, "grad_of": []} for op, calls in OPERATORS.items() for args in calls]
    folder = tmp_path_factory.mktemp("calls")
    answers = run_node(Path(__file__).with_name("node_operators.js"), cases, folder)
    found: dict[str, list[Any]] = {op: [] for op in OPERATORS}
    for case, answer in zip(cases, answers, strict=True):
        found[case["op"]].append((case, answer))
    return found


@pytest.mark.parametrize("op", OPERATORS)
def test_same_as_tensorflowjs(op, answered):
    for case, answer in answered[op]:
        try:
            check(case, answer)
        except Exception as error:
            error.add_note(f"{json.dumps(case)[:1000]}\nTensorFlow.js: {json.dumps(answer)[:1000]}")
            raise


def check(case: dict[str, Any], answer: dict[str, Any]) -> None:
    """Asserts that velveteen answers as TensorFlow.js, or by a rule."""
    try:
        found = call(case)
    except VelveteenError:
        assert "error" in answer or rules_for(REFUSED, case, answer)
        return
    if rules_for(ANSWERED, case, answer):
        return
    assert "error" not in answer, "TensorFlow.js throws"
    compare(found, answer["out"])


def rules_for(rules: list[Rule], case: dict[str, Any], answer: dict[str, Any]) -> list[Rule]:
    op, args = case["op"], case["args"]
    return [
        rule for rule in rules if (not rule.operators or op in rule.operators.split()) and rule.applies(args, answer)
    ]


def test_every_rule_is_needed(answered):
    """A rule that excuses nothing would hide a mistake."""
    unused = {rule.why for rule in (*ANSWERED, *REFUSED)}
    for case, answer in (each for calls in answered.values() for each in calls):
        try:
            found = call(case)
        except VelveteenError:
            if "error" not in answer:
                unused -= {rule.why for rule in rules_for(REFUSED, case, answer)}
            continue
        try:
            assert "error" not in answer
            compare(found, answer["out"])
        except (AssertionError, TypeError, ValueError, AttributeError, KeyError):
            unused -= {rule.why for rule in rules_for(ANSWERED, case, answer)}
    assert not unused
