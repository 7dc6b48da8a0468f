"""Graphs with control flow, tensor lists and tensor arrays, to ask TensorFlow.js about; see record.py."""

import numpy as np

from tests.graph_models._graphs import constant, function, library, node, shape
from tests.graph_models.cases import add, const, real


def jumps() -> None:
    """Control flow as TensorFlow 1 had it."""
    for is_true in (True, False):
        add(
            f"choice {is_true}",
            [
                node("switch", "Switch", "x", "condition"),
                node("low", "Neg", "switch:0"),
                node("high", "Square", "switch:1"),
                node("y", "Merge", "low", "high"),
            ],
            {"x": real(3), "condition": np.array(is_true)},
            ["y"],
        )
    frame = {"frame_name": "loop", "parallel_iterations": 10}
    loop = [
        node("enter_i", "Enter", "zero", is_constant=False, **frame),
        node("enter_x", "Enter", "x", is_constant=False, **frame),
        node("enter_n", "Enter", "n", is_constant=True, **frame),
        node("merge_i", "Merge", "enter_i", "next_i"),
        node("merge_x", "Merge", "enter_x", "next_x"),
        node("less", "Less", "merge_i", "enter_n"),
        node("condition", "LoopCond", "less"),
        node("switch_i", "Switch", "merge_i", "condition"),
        node("switch_x", "Switch", "merge_x", "condition"),
        node("i", "Identity", "switch_i:1"),
        node("more_i", "AddV2", "i", "step"),
        node("more_x", "Mul", "switch_x:1", "factor"),
        node("next_i", "NextIteration", "more_i"),
        node("next_x", "NextIteration", "more_x"),
        node("exit_i", "Exit", "switch_i:0"),
        node("exit_x", "Exit", "switch_x:0"),
        node("y", "Neg", "exit_x"),
    ]
    weights = {"zero": const(0)[0], "step": const(1)[0], "factor": const(1.5, "float32")[0]}
    for times in (0, 1, 5):
        add(f"loop of {times}", loop, {"x": real(2), "n": np.array(times, np.int32)}, ["y", "exit_i"], weights)


def functions() -> None:
    """Control flow as TensorFlow 2 has it."""
    branches = [
        library("twice", {"a": "float32"}, {"y": "sum:z:0"}, node("sum", "AddV2", "a", "a")),
        library("negative", {"a": "float32"}, {"y": "neg:y:0"}, node("neg", "Neg", "a")),
    ]
    for op in ("If", "StatelessIf"):
        for is_true in (True, False):
            add(
                f"{op} {is_true}",
                [node("y", op, "c", "x", then_branch=function("twice"), else_branch=function("negative"))],
                {"c": np.array(is_true), "x": real(3)},
                ["y"],
                functions=branches,
            )
    loop = [
        library(
            "smaller",
            {"i": "int32", "a": "float32"},
            {"y": "less:z:0"},
            node("less", "Less", "i", "limit"),
            constant("limit", "int32"),
        ),
        library(
            "grow",
            {"i": "int32", "a": "float32"},
            {"i_": "more:z:0", "a_": "square:y:0"},
            node("more", "AddV2", "i", "one"),
            node("square", "AddV2", "a", "a"),
            constant("one", "int32"),
        ),
    ]
    weights = {"limit": const(4)[0], "one": const(1)[0], "zero": const(0)[0]}
    for op in ("While", "StatelessWhile"):
        add(
            op,
            [node("y", op, "zero", "x", cond=function("smaller"), body=function("grow"))],
            {"x": real(3)},
            ["y", "y:1"],
            weights,
            loop,
        )


def lists() -> None:
    kind = {"element_dtype": "DT_FLOAT"}
    weights = {
        "shape": const([2])[0],
        "any": const(-1)[0],
        "three": const(3)[0],
        "i0": const(0)[0],
        "i1": const(1)[0],
        "places": const([2, 0])[0],
        "lengths": const([1, 2])[0],
        "row": const([2])[0],
    }
    add(
        "list from a tensor",
        [
            node("list", "TensorListFromTensor", "x", "shape", **kind),
            node("item", "TensorListGetItem", "list", "i1", "shape", **kind),
            node("picked", "TensorListGather", "list", "places", "shape", **kind),
            node("stacked", "TensorListStack", "list", "any", num_elements=3, **kind),
            node("length", "TensorListLength", "list"),
        ],
        {"x": real(3, 2)},
        ["item", "picked", "stacked", "length"],
        weights,
    )
    add(
        "list that grows",
        [
            node("empty", "EmptyTensorList", "any", "any", **kind),
            node("one", "TensorListPushBack", "empty", "x", **kind),
            node("two", "TensorListPushBack", "one", "x2", **kind),
            node("stacked", "TensorListStack", "two", "shape", **kind),
        ],
        {"x": real(2), "x2": real(2)},
        ["stacked"],
        weights,
    )
    add(
        "list with places",
        [
            node("list", "TensorListReserve", "shape", "three", **kind),
            node("first", "TensorListSetItem", "list", "i1", "x", **kind),
            node("both", "TensorListSetItem", "first", "i0", "x2", **kind),
            node("stacked", "TensorListStack", "both", "shape", **kind),
            node("joined", "TensorListConcatV2", "both", element_shape=shape(2), **kind),
        ],
        {"x": real(2), "x2": real(2)},
        ["stacked", "joined"],
        weights,
    )
    add(
        "list of pieces",
        [
            node("list", "TensorListScatterV2", "x", "places", "shape", "three", **kind),
            node("item", "TensorListGetItem", "list", "i0", "shape", **kind),
            node("last", "TensorListPopBack", "list", "shape", **kind),
        ],
        {"x": real(2, 2)},
        ["item", "last"],
        weights,
    )
    array = {"dtype": "DT_FLOAT", "element_shape": {"shape": {"unknownRank": True}}, "clear_after_read": False}
    for dynamic in (True, False):
        add(
            f"array, dynamic {dynamic}",
            [
                node("array", "TensorArrayV3", "three", dynamic_size=dynamic, tensor_array_name="a", **array),
                node("all", "TensorArrayScatterV3", "array", "indices", "x", "array:1", T="DT_FLOAT"),
                node("read", "TensorArrayReadV3", "array", "i1", "all", dtype="DT_FLOAT"),
                node("gathered", "TensorArrayGatherV3", "array", "places", "all", dtype="DT_FLOAT"),
                node("size", "TensorArraySizeV3", "array", "all"),
                node("joined", "TensorArrayConcatV3", "array", "all", dtype="DT_FLOAT"),
            ],
            {"x": real(3, 2)},
            ["read", "gathered", "size", "joined"],
            {**weights, "indices": const([0, 1, 2])[0]},
        )
