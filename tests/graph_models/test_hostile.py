"""Graphs that are damaged or that an enemy wrote: a FileFormatError when they are loaded or run, and nothing else."""

import contextlib
import copy
import random

import pytest

import velveteen as vt
from tests.graph_models._graphs import artifacts, constant, function, library, node, placeholder, topology
from tests.graph_models.test_recorded import CASES, read
from velveteen.errors import FileFormatError, UnknownNameError, VelveteenError


def load(graph, weights=None, **fields):
    return vt.load_graph_model(vt.io.from_memory(artifacts(graph, weights, **fields)))


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        ({"node": 3}, "a list"),
        ({"node": [3]}, "an object with name and op"),
        ({"node": [{"name": "x", "op": None}]}, "an object with name and op"),
        (topology([placeholder("x"), placeholder("x")]), "comes twice"),
        (topology([node("y", "Neg", "z")]), "reads 'z', which is not in the graph"),
        (topology([node("y", "Neg", "^z")]), "reads 'z', which is not in the graph"),
        ({"node": [{"name": "y", "op": "Neg", "input": "x"}]}, "list of names"),
        ({"node": [{"name": "y", "op": "Neg", "input": ["^"]}]}, "list of names"),
        ({"node": [{"name": "y", "op": "Neg", "attr": [3]}]}, "attributes must be an object"),
        (topology([placeholder("x"), node("y", "Neg", "x:1:2:3")]), "does not name a node's output"),
        (topology([placeholder("x"), node("y", "Neg", "x:99999999999")]), "does not name a node's output"),
        ({"node": [], "library": 3}, "library"),
        (topology([], [{"signature": {}}]), "a function must have a name"),
        (topology([], [library("f", {}, {"y": "z"})]), "'z', which is returned, is not there"),
        (topology([], [library("f", {"a": "float32"}, {}), library("f", {}, {})]), "a name of its own"),
    ],
)
def test_refused_when_loaded(graph, message):
    with pytest.raises(FileFormatError, match=message):
        load(graph)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([node("a", "Neg", "y"), node("y", "Neg", "a")], "cycle"),
        ([node("y", "Neg", "w"), constant("w")], "lacks the weight 'w'"),
        ([placeholder("x"), node("y", "Neg", "x"), node("z", "Neg", "y:3")], "has one output"),
        ([placeholder("x"), node("y", "Unpack", "x", axis={"i": "one"})], "'axis' must be a number"),
        ([placeholder("x"), node("y", "Conv2D", "x", "x", padding={"s": "!"})], "'padding' must be a text in base64"),
        (
            [placeholder("x"), node("y", "While", "x", cond={"func": 3}, body=function("f"))],
            "'cond' must be a function",
        ),
        ([placeholder("x"), node("y", "Neg", "x", "x", "x")], r'In node "y" \(Neg\)'),
        ([placeholder("x"), node("y", "TensorListLength", "x"), node("z", "TensorListPopBack", "x", "x")], "node"),
    ],
)
def test_refused_when_run(nodes, message):
    model = load(topology(nodes))
    name = nodes[-1]["name"] if nodes[-1]["op"] != "Const" else nodes[-2]["name"]
    with pytest.raises(VelveteenError, match=message):
        model.execute({"x": [1.0]} if nodes[0]["name"] == "x" else {}, name)


def test_functions_that_call_themselves():
    call = node("again", "If", "a", "a", then_branch=function("f"), else_branch=function("f"))
    endless = library("f", {"a": "bool"}, {"y": "again:output:0"}, call)
    nodes = [placeholder("x", "bool"), node("y", "If", "x", "x", then_branch=function("f"), else_branch=function("f"))]
    with pytest.raises(FileFormatError, match="calls itself"):
        load(topology(nodes, [endless])).predict(True)


def test_unknown_function():
    nodes = [placeholder("x", "bool"), node("y", "If", "x", then_branch=function("f"), else_branch=function("f"))]
    with pytest.raises(UnknownNameError, match='Unknown function of the graph "f"'):
        load(topology(nodes)).predict(True)


def test_an_index_does_not_allocate_a_list():
    kind = {"element_dtype": "DT_FLOAT"}
    nodes = [
        placeholder("x"),
        node("list", "TensorListReserve", "any", "any", **kind),
        node("y", "TensorListSetItem", "list", "far", "x", **kind),
        constant("any", "int32"),
        constant("far", "int32"),
    ]
    weights = {"any": vt.scalar(-1, "int32"), "far": vt.scalar(2**30, "int32")}
    with pytest.raises(VelveteenError, match="has no place 1073741824"):
        load(topology(nodes), weights).predict([1])


@pytest.mark.parametrize("signature", [{"outputs": 3}, {"outputs": {"y": 3}}, {"inputs": {"x": {"name": 3}}}])
def test_damaged_signatures(signature):
    with pytest.raises(FileFormatError, match="signature"):
        load(topology([placeholder("x"), node("y", "Neg", "x")]), signature=signature)


@pytest.mark.parametrize("seed", range(150))
def test_damaged_anywhere(seed):
    """One thing of a working graph is replaced or removed: it computes, or a VelveteenError says what is wrong."""
    dice = random.Random(seed)
    case = copy.deepcopy(
        dice.choice([case for case in CASES if "loop" not in case["name"] and "While" not in case["name"]])
    )
    damage(case["model"]["modelTopology"], dice)
    weights = {name: read(weight) for name, weight in case["weights"].items()}
    with contextlib.suppress(VelveteenError):
        model = load(case["model"]["modelTopology"], weights)
        model.execute({name: read(value) for name, value in case["inputs"].items()}, case["outputs"])


def damage(content, dice):
    places = []
    stack = [content]
    while stack:
        part = stack.pop()
        for key in list(part) if isinstance(part, dict) else range(len(part)):
            places.append((part, key))
            if isinstance(part[key], dict | list):
                stack.append(part[key])
    part, key = dice.choice(places)
    if dice.random() < 0.3 and isinstance(part, dict):
        del part[key]
    else:
        part[key] = dice.choice([None, 7, -1, "x", "", [], {}, True, "DT_BOOL", 1e30, [1, "a"], "y:3"])
