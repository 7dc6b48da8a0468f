"""Calls at the edges of what operators take; nothing here is drawn, so that every run meets each edge.

Element-wise operators and reductions are here, the others beside.
"""

import itertools
from collections.abc import Iterable
from typing import Any

from tests.conformance.edge_places import INDICES, ORDERED
from tests.conformance.edge_shapes import SHAPES
from tests.conformance.edge_values import (
    BOOLEAN,
    COMPLEX,
    EXTREME,
    INF,
    LEAST,
    MATRIX,
    NAN,
    NO_BOOLEANS,
    NO_INTEGERS,
    NOTHING,
    SCALAR,
    SPECIAL,
    TEXT,
    Arguments,
    filled,
    int32,
    tensor,
)
from tests.conformance.edge_windows import LOSSES, MATRICES, WINDOWS

UNARY = [
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "ceil",
    "cos",
    "cosh",
    "elu",
    "erf",
    "exp",
    "expm1",
    "floor",
    "isFinite",
    "isInf",
    "isNaN",
    "log",
    "log1p",
    "logSigmoid",
    "logicalNot",
    "neg",
    "reciprocal",
    "relu",
    "relu6",
    "round",
    "rsqrt",
    "selu",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "square",
    "step",
    "tan",
    "tanh",
    "onesLike",
    "zerosLike",
    "clone",
    "real",
    "imag",
    "softmax",
    "logSoftmax",
]
ONE = [[each] for each in (SPECIAL, EXTREME, BOOLEAN, COMPLEX, TEXT, SCALAR, *NOTHING, NO_INTEGERS, NO_BOOLEANS)]


def column(x: dict[str, Any]) -> dict[str, Any]:
    """Returns a vector as a matrix of one column, which broadcasts with a vector to all pairs."""
    return {**x, "shape": [*x["shape"], 1]}


BINARY = [
    "add",
    "sub",
    "mul",
    "div",
    "divNoNan",
    "floorDiv",
    "mod",
    "pow",
    "maximum",
    "minimum",
    "squaredDifference",
    "atan2",
    "equal",
    "notEqual",
    "greater",
    "greaterEqual",
    "less",
    "lessEqual",
    "logicalAnd",
    "logicalOr",
    "logicalXor",
    "bitwiseAnd",
    "prelu",
]
TWO: list[Arguments] = [
    [column(SPECIAL), SPECIAL],
    [column(EXTREME), EXTREME],
    [column(BOOLEAN), BOOLEAN],
    [column(BOOLEAN), EXTREME],
    [column(EXTREME), SPECIAL],
    [column(SPECIAL), BOOLEAN],
    [COMPLEX, tensor([2, 3])],
    [COMPLEX, COMPLEX],
    [TEXT, TEXT],
    [TEXT, BOOLEAN],
    [SCALAR, SPECIAL],
    [NOTHING[0], tensor([1])],
    [NOTHING[0], SCALAR],
    [NOTHING[1], tensor([1, 2, 3])],
    [NOTHING[2], column(BOOLEAN)],
    [NO_INTEGERS, int32(3)],
    [tensor([1, 2]), tensor([1, 2, 3])],
    [NOTHING[0], tensor([1, 2])],
    [filled([2, 3]), filled([3, 2])],
]

REDUCTIONS = ["max", "min", "sum", "prod", "mean", "all", "any", "logSumExp", "euclideanNorm"]
AXES: list[Any] = [None, 0, -1, [0, 1], [-1, 0], []]
REDUCED: list[Arguments] = [
    *([x, axis, keep] for x in (MATRIX, NOTHING[1], NOTHING[2]) for axis in AXES for keep in (False, True)),
    *([x, axis] for x in (MATRIX, SCALAR, NOTHING[0]) for axis in (1, 2, -3, [0, 0], [0, -1])),
    *(
        [x]
        for x in (EXTREME, BOOLEAN, COMPLEX, TEXT, SCALAR, NO_INTEGERS, NO_BOOLEANS, tensor([NAN]), tensor([1, NAN]))
    ),
    *([{**BOOLEAN, "shape": [1, 2]}, axis] for axis in (0, -1, 5)),
]
CHOSEN: list[Arguments] = [
    [x, axis]
    for x in (MATRIX, EXTREME, BOOLEAN, COMPLEX, TEXT, SCALAR, *NOTHING, tensor([INF, INF]), tensor([LEAST, LEAST]))
    for axis in (0, -1, 1, 5, -5)
]
SCANNED: list[Arguments] = [
    [x, axis, exclusive, reverse]
    for x in (MATRIX, EXTREME, BOOLEAN, SCALAR, *NOTHING)
    for axis in (0, -1, 4)
    for exclusive, reverse in itertools.product((False, True), repeat=2)
]


def each_of(names: Iterable[str], calls: list[Arguments]) -> dict[str, list[Arguments]]:
    return dict.fromkeys(names, calls)


OPERATORS: dict[str, list[Arguments]] = {
    **each_of(UNARY, ONE),
    **each_of(BINARY, TWO),
    **each_of([*REDUCTIONS, "moments"], REDUCED),
    **each_of(["argMax", "argMin"], CHOSEN),
    **each_of(["cumsum", "cumprod"], SCANNED),
    **ORDERED,
    **INDICES,
    **SHAPES,
    **MATRICES,
    **WINDOWS,
    **LOSSES,
}
