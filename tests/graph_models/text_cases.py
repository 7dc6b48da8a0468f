"""Graphs in which texts are moved about, kept in lists and arrays, and looked up; see record.py."""

import numpy as np

from tests.graph_models._graphs import function, library, node
from tests.graph_models.cases import add, const, single

WORDS = np.array([["one", "naïve 😀", ""], ["two", "b", "ccc"]])


def moved_texts() -> None:
    """Kinds of nodes that look at no value."""
    single("Identity", WORDS)
    single("Reshape", WORDS, const([3, -1]))
    single("Slice", WORDS, const([0, 1]), const([2, 2]))
    single("StridedSlice", WORDS, const([0, 2]), const([2, 3]), const([1, 1]), shrink_axis_mask=2)
    single("Tile", WORDS, const([1, 2]))
    single("ConcatV2", WORDS, WORDS, const(0))
    single("Pack", WORDS, WORDS, axis=1)
    single("Unpack", WORDS, axis=0, num=2, count=2)
    single("GatherNd", WORDS, const([[1, 2], [0, 1]]))
    single("ExpandDims", WORDS, const(1))
    single("Squeeze", WORDS[:1], squeeze_dims=[0])
    single("Shape", WORDS)
    single("Size", WORDS)
    single("Rank", WORDS)
    single("Equal", WORDS, WORDS[:, ::-1])
    single("NotEqual", WORDS, const([["one"], ["b"]], "U"))
    single("Fill", const([2, 2]), const("x", "U"))
    single("SparseToDense", const([[0, 1], [1, 0]]), const([2, 2]), np.array(["a", "b"]), const("-", "U"))
    single("Unique", WORDS[0], count=2)
    single("StringToHashBucketFast", WORDS, num_buckets=1000003)


def kept_texts() -> None:
    """Lists, arrays, tables, branches and loops of texts."""
    kind = {"element_dtype": "DT_STRING"}
    weights = {
        "any": const(-1)[0],
        "none": const(np.zeros(0, np.int32))[0],
        "two": const(2)[0],
        "i0": const(0)[0],
        "i1": const(1)[0],
    }
    add(
        "list of texts",
        [
            node("list", "TensorListFromTensor", "x", "none", **kind),
            node("item", "TensorListGetItem", "list", "i1", "none", **kind),
            node("stacked", "TensorListStack", "list", "any", num_elements=3, **kind),
        ],
        {"x": WORDS[0]},
        ["item", "stacked"],
        weights,
    )
    add(
        "list with places for texts",
        [
            node("list", "TensorListReserve", "any", "two", **kind),
            node("first", "TensorListSetItem", "list", "i1", "x", **kind),
            node("both", "TensorListSetItem", "first", "i0", "x", **kind),
            node("stacked", "TensorListStack", "both", "any", **kind),
        ],
        {"x": WORDS[1]},
        ["stacked"],
        weights,
    )
    array = {"element_shape": {"shape": {"unknownRank": True}}, "clear_after_read": False, "dynamic_size": True}
    add(
        "array of texts",
        [
            node("array", "TensorArrayV3", "two", dtype="DT_STRING", tensor_array_name="a", **array),
            node("all", "TensorArrayScatterV3", "array", "places", "x", "array:1", T="DT_STRING"),
            node("read", "TensorArrayReadV3", "array", "i1", "all", dtype="DT_STRING"),
            node("back", "TensorArrayGatherV3", "array", "places", "all", dtype="DT_STRING"),
        ],
        {"x": WORDS},
        ["read", "back"],
        {**weights, "places": const([1, 0])[0]},
    )
    table = {"key_dtype": "DT_STRING", "value_dtype": "DT_STRING"}
    add(
        "table from texts to texts",
        [
            node("table", "HashTableV2", **table),
            node("fill", "LookupTableImportV2", "table", "keys", "values"),
            node("found", "LookupTableFindV2", "fill", "x", "default"),
        ],
        {"x": np.array(["b", "c", "a"])},
        ["found"],
        {"keys": const(["a", "b"], "U")[0], "values": const(["A", "B"], "U")[0], "default": const("?", "U")[0]},
    )
    same = library("same", {"a": "string"}, {"r": "id:output:0"}, node("id", "Identity", "a"))
    twice = library(
        "twice",
        {"a": "string"},
        {"r": "twice:output:0"},
        node("twice", "Tile", "a", "count:output:0"),
        node("count", "Const", dtype="DT_INT32"),
    )
    add(
        "a branch of texts",
        [node("y", "If", "c", "x", then_branch=function("same"), else_branch=function("twice"))],
        {"c": np.array(False), "x": WORDS[0]},
        ["y"],
        {"count": const([2])[0]},
        [same, twice],
    )
