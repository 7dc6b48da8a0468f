"""Graphs of one node of nearly every kind, to ask TensorFlow.js about; see record.py."""

from typing import Any

import numpy as np

from tests.graph_models._graphs import constant, node, placeholder, topology

_generator = np.random.default_rng(7)
CASES: list[dict[str, Any]] = []


def described(values: Any) -> dict[str, Any]:
    array = np.asarray(values)
    names = {"f": "float32", "i": "int32", "b": "bool", "U": "string"}
    values = [float(f"{each:.7g}") if isinstance(each, float) else each for each in array.reshape(-1).tolist()]
    return {"shape": list(array.shape), "dtype": names[array.dtype.kind], "values": values}


def add(
    name: str,
    nodes: list[dict[str, Any]],
    inputs: dict[str, Any],
    outputs: list[str],
    weights: dict[str, Any] | None = None,
    functions: list[dict[str, Any]] | None = None,
    **fields: Any,
) -> None:
    given = {key: described(values) for key, values in inputs.items()}
    places = [placeholder(key, value["dtype"]) for key, value in given.items()]
    known = {node["name"] for node in nodes}
    constants = {key: described(values) for key, values in (weights or {}).items()}
    nodes = [*places, *nodes, *[constant(key, value["dtype"]) for key, value in constants.items() if key not in known]]
    CASES.append(
        {
            "name": name,
            "model": {"modelTopology": topology(nodes, functions), **fields},
            "weights": constants,
            "inputs": given,
            "outputs": outputs,
        }
    )


def single(op: str, *inputs: Any, count: int = 1, **attributes: Any) -> None:
    """Adds a graph of one node: arrays are inputs, tuples of an array constants."""
    names = [("w" if isinstance(value, tuple) else "x") + str(place) for place, value in enumerate(inputs)]
    given = {name: value for name, value in zip(names, inputs, strict=True) if name[0] == "x"}
    weights = {name: value[0] for name, value in zip(names, inputs, strict=True) if name[0] == "w"}
    outputs = ["y"] + [f"y:{place}" for place in range(1, count)]
    add(op, [node("y", op, *names, **attributes)], given, outputs, weights)


def real(*sizes: int, low: float = -2, high: float = 2) -> np.ndarray:
    return _generator.uniform(low, high, sizes).astype(np.float32).round(3)


def whole(*sizes: int, low: int = 0, high: int = 5) -> np.ndarray:
    return _generator.integers(low, high, sizes).astype(np.int32)


def const(values: Any, dtype: str = "int32") -> tuple[np.ndarray]:
    return (np.array(values, dtype=dtype),)


def element_by_element() -> None:
    for op in (
        "Add",
        "AddV2",
        "Sub",
        "Mul",
        "RealDiv",
        "Div",
        "Maximum",
        "Minimum",
        "SquaredDifference",
        "Mod",
        "FloorMod",
    ):
        single(op, real(2, 3), real(3))
    for op in ("FloorDiv", "Mul", "Sub", "FloorMod"):
        single(op, whole(4, low=-9, high=9), whole(4, low=1, high=5))
    single("DivNoNan", real(3), np.array([0, 1, 2], np.float32))
    single("Pow", real(4, low=0.1), real(4))
    single("AddN", real(2, 2), real(2, 2), real(2, 2))
    single("BiasAdd", real(1, 2, 2, 3), real(3))
    for op in [
        "Abs",
        "Asinh",
        "Atan",
        "Ceil",
        "Cos",
        "Cosh",
        "Elu",
        "Erf",
        "Exp",
        "Expm1",
        "Floor",
        "Neg",
        "Reciprocal",
        "Relu",
        "Relu6",
        "Round",
        "Selu",
        "Sigmoid",
        "Sign",
        "Sin",
        "Sinh",
        "Softplus",
        "Square",
        "Tan",
        "Tanh",
        "IsNan",
        "IsFinite",
        "IsInf",
    ]:
        single(op, real(2, 4, low=-3, high=8))
    for op in ("Acosh", "Log", "Log1p", "Sqrt", "Rsqrt"):
        single(op, real(5, low=1, high=6))
    for op in ("Acos", "Asin", "Atanh"):
        single(op, real(5, low=-0.9, high=0.9))
    single("Atan2", real(4), real(4))
    single("LeakyRelu", real(5), alpha=0.1)
    single("LeakyRelu", real(5))
    single("Prelu", real(1, 3, 3, 2), real(1, 1, 2))
    single("Prelu", real(2, 3), real(3))
    single("ClipByValue", real(6), const(-0.5, "float32"), const(0.75, "float32"))
    for op in ("Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"):
        single(op, whole(6), whole(6))
    for op in ("LogicalAnd", "LogicalOr"):
        single(op, whole(6, high=2) > 0, whole(6, high=2) > 0)
    single("LogicalNot", whole(6, high=2) > 0)
    single("Select", whole(2, 3, high=2) > 0, real(2, 3), real(2, 3))
    single("SelectV2", whole(3, high=2) > 0, real(2, 3), real(3))
    for from_dtype, to in ((real(4), "DT_INT32"), (whole(4, high=2), "DT_BOOL"), (whole(4), "DT_FLOAT")):
        single("Cast", from_dtype, DstT=to)
    add(
        "complex numbers",
        [
            node("z", "Complex", "a", "b"),
            node("re", "Real", "z"),
            node("im", "Imag", "z"),
            node("size", "ComplexAbs", "z"),
            node("fft", "FFT", "z"),
            node("back", "IFFT", "fft"),
            node("fft_re", "Real", "fft"),
            node("back_im", "Imag", "back"),
        ],
        {"a": real(2, 8), "b": real(2, 8)},
        ["re", "im", "size", "fft_re", "back_im"],
    )
    add(
        "real spectrum",
        [node("z", "RFFT", "x", "n"), node("re", "Real", "z"), node("im", "Imag", "z"), node("y", "IRFFT", "z", "n")],
        {"x": real(2, 8)},
        ["re", "im", "y"],
        {"n": const([8])[0]},
    )


def convolutions() -> None:
    x, filters = real(2, 7, 6, 3), const(real(3, 2, 3, 4), "float32")
    for pad, strides, dilations in (("SAME", 2, 1), ("VALID", 1, 2), ("SAME", 1, 1)):
        options = {"strides": [1, strides, strides, 1], "dilations": [1, dilations, dilations, 1], "padding": pad}
        single("Conv2D", x, filters, data_format="NHWC", **options)
        single("DepthwiseConv2dNative", x, const(real(3, 3, 3, 2), "float32"), data_format="NHWC", **options)
    single("Conv2D", x, real(3, 2, 3, 4), padding="VALID", strides=[1, 1, 1, 1], dilations=[1, 1, 1, 1])
    single(
        "Conv2D", x, filters, padding="EXPLICIT", explicit_paddings=[0, 0, 1, 2, 0, 1, 0, 0], strides=[1, 1, 1, 1],
        dilations=[1, 1, 1, 1],
    )  # fmt: skip
    options = {"strides": [1, 1, 1, 1], "padding": "SAME", "dilations": [1, 1, 1, 1], "num_args": 1}
    bias = const(real(4), "float32")
    for activation in ("Relu", "Relu6", "Elu", "Sigmoid"):
        single("_FusedConv2D", x, filters, bias, fused_ops=["BiasAdd", activation], **options)
    single("_FusedConv2D", x, filters, bias, fused_ops=["BiasAdd"], **options)
    single("_FusedConv2D", x, filters, bias, fused_ops=["BiasAdd", "LeakyRelu"], leakyrelu_alpha=0.3, **options)
    depthwise, small = const(real(3, 3, 3, 1), "float32"), const(real(3), "float32")
    for activation in ("Relu", "Relu6"):
        single("FusedDepthwiseConv2dNative", x, depthwise, small, fused_ops=["BiasAdd", activation], **options)
    options["num_args"] = 2
    slopes = const(real(1, 1, 4), "float32")
    single("_FusedConv2D", x, filters, bias, slopes, fused_ops=["BiasAdd", "Prelu"], **options)
    single(
        "FusedDepthwiseConv2dNative", x, depthwise, small, const(real(1, 1, 3), "float32"),
        fused_ops=["BiasAdd", "Prelu"], **options,
    )  # fmt: skip
    single(
        "Conv2DBackpropInput", const([2, 8, 8, 3]), const(real(3, 3, 3, 4), "float32"), real(2, 4, 4, 4),
        strides=[1, 2, 2, 1], padding="SAME",
    )  # fmt: skip
    single("Conv1D", real(2, 9, 3), const(real(3, 3, 4), "float32"), stride=2, padding="SAME")
    single(
        "Conv3D", real(1, 4, 5, 5, 2), const(real(2, 3, 3, 2, 3), "float32"), strides=[1, 1, 2, 2, 1],
        padding="VALID", data_format="NDHWC", dilations=[1, 1, 1, 1, 1],
    )  # fmt: skip
    for op in ("AvgPool", "MaxPool"):
        single(op, x, ksize=[1, 3, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
        single(op + "3D", real(1, 4, 5, 5, 2), ksize=[1, 2, 2, 2, 1], strides=[1, 2, 2, 2, 1], padding="VALID")
    single("MaxPoolWithArgmax", x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID", count=2)
    single("Dilation2D", x, const(real(2, 2, 3), "float32"), strides=[1, 1, 1, 1], rates=[1, 1, 1, 1], padding="SAME")


def matrices() -> None:
    single("MatMul", real(3, 4), real(5, 4), transpose_b=True)
    single("BatchMatMulV2", real(2, 4, 3), real(2, 4, 5), adj_x=True)
    single("BatchMatMul", real(2, 3, 4), real(2, 4, 5))
    for activation in ("Relu", "Relu6", "Elu", "Sigmoid"):
        single("_FusedMatMul", real(3, 4), real(4, 5), real(5), num_args=1, fused_ops=["BiasAdd", activation])
    single("_FusedMatMul", real(3, 4), real(4, 5), real(5), num_args=1, fused_ops=["BiasAdd"])
    single("_FusedMatMul", real(3, 4), real(4, 5), real(5), real(5), num_args=2, fused_ops=["BiasAdd", "Prelu"])
    single("Transpose", real(2, 3, 4), const([2, 0, 1]))
    single("Einsum", real(2, 3), real(3, 4), equation="ij,jk->ki", N=2)
    statistics = [const(real(3, low=0.5), "float32") for _ in range(4)]
    for op in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"):
        single(op, real(1, 2, 2, 3), *statistics, epsilon=0.01)
    single("EuclideanNorm", real(2, 3), const([1]), keep_dims=True)
    single("LRN", real(1, 2, 2, 6), depth_radius=2, bias=1.5, alpha=0.7, beta=0.6)
    single("Softmax", real(2, 5))
    single("LogSoftmax", real(2, 5))
    for op in ("Max", "Mean", "Min", "Sum", "Prod"):
        single(op, real(2, 3, 4), const([0, 2]), keep_dims=False)
        single(op, real(2, 3), const(1), keep_dims=True)
    for op in ("All", "Any"):
        single(op, whole(2, 3, high=2) > 0, const([1]))
    single("ArgMax", real(2, 5), const(1))
    single("ArgMin", real(2, 5), const(0))
    single("Cumsum", real(2, 4), const(1), exclusive=True, reverse=True)
    single("Cumprod", real(2, 4), const(1))
    single("Bincount", whole(6), const(6), real(6))
    single("DenseBincount", whole(2, 6), const(6), real(2, 6), binary_output=False)
    single("TopKV2", real(2, 6), const(3), sorted=True, count=2)
    single("Unique", whole(8), count=2)
    single("UniqueV2", whole(4, 2, high=2), const([0]), count=2)
    ordered = np.sort(real(2, 5), axis=1)
    single("LowerBound", ordered, real(2, 3))
    single("UpperBound", ordered, real(2, 3))


def shapes() -> None:
    x = real(2, 3, 4)
    single("Reshape", x, const([4, -1]))
    single("EnsureShape", x, const([2, 3, 4]))
    single("ExpandDims", x, const(1))
    single("Squeeze", real(1, 3, 1), squeeze_dims=[0])
    single("Squeeze", real(1, 3, 1), squeeze_dims={"list": {}})
    single("Pad", x, const([[0, 1], [1, 0], [2, 2]]))
    single("PadV2", x, const([[0, 1], [1, 0], [2, 2]]), const(1.5, "float32"))
    single("MirrorPad", x, const([[0, 1], [1, 0], [2, 2]]), mode="REFLECT")
    single("SpaceToBatchND", real(1, 4, 4, 1), const([2, 2]), const([[0, 0], [0, 0]]))
    single("BatchToSpaceND", real(4, 2, 2, 1), const([2, 2]), const([[0, 0], [0, 1]]))
    single("DepthToSpace", real(1, 2, 2, 8), block_size=2, data_format="NHWC")
    single("BroadcastTo", real(3), const([2, 3]))
    single("BroadcastArgs", whole(2, low=2, high=3), whole(1, low=1, high=2))
    for op in ("Shape", "Rank", "Size", "Identity", "StopGradient", "Snapshot", "OnesLike", "ZerosLike"):
        single(op, x)
    single("IdentityN", real(2), real(3), count=2)
    single("ShapeN", real(2), real(3, 1), count=2)
    single("ConcatV2", x, real(2, 1, 4), const(1))
    single("Concat", const(0), real(1, 2), real(2, 2), N=2)
    single("GatherV2", x, whole(2, 2, high=3), const(1))
    single("GatherV2", x, whole(2, 2, high=3), const(1), batch_dims=1)
    single("Gather", real(5, 2), whole(3))
    single("GatherNd", x, whole(4, 2, high=2))
    single("Reverse", x, const([True, False, True], "bool"))
    single("ReverseV2", x, const([1]))
    single("Slice", x, const([0, 1, 1]), const([2, -1, 2]))
    masks = {"begin_mask": 1, "end_mask": 2, "shrink_axis_mask": 4}
    single("StridedSlice", x, const([1, 1, 2]), const([2, 1, 3]), const([1, 1, 1]), **masks)
    single("StridedSlice", x, const([0, 3]), const([0, 0]), const([1, -2]), ellipsis_mask=1, new_axis_mask=0)
    single("Pack", real(3), real(3), axis=1)
    single("Unpack", x, axis=1, count=3)
    single("Tile", real(2, 1), const([2, 3]))
    single("Split", const(2), x, num_split=2, count=2)
    single("SplitV", x, const([1, 2]), const(1), count=2)
    places = np.array([[0, 1], [1, 0], [1, 1]], dtype=np.int32)
    single("ScatterNd", places, real(3), const([2, 3]))
    single("TensorScatterUpdate", real(2, 3), places, real(3))
    single("SparseToDense", places, const([2, 3]), real(3), const(-1, "float32"))
    single("Fill", const([2, 2]), const(1.5, "float32"), T="DT_FLOAT")
    single("Fill", const([2]), const(3), T="DT_INT32")
    single("Ones", const([2]), T="DT_FLOAT")
    single("Zeros", const([2]), T="DT_INT32")
    single("LinSpace", const(1, "float32"), const(2, "float32"), const(5))
    single("Range", const(1), const(9), const(3), Tidx="DT_INT32")
    single("OneHot", whole(4), const(5), const(2.5, "float32"), const(-1, "float32"), T="DT_FLOAT")


def pictures() -> None:
    x = real(1, 5, 6, 2)
    for op in ("ResizeBilinear", "ResizeNearestNeighbor"):
        single(op, x, const([7, 9]), align_corners=False, half_pixel_centers=True)
        single(op, x, const([10, 3]), align_corners=True, half_pixel_centers=False)
    boxes = np.array([[0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9]], dtype=np.float32)
    single("CropAndResize", x, boxes, const([0, 0]), const([3, 4]), method="bilinear", extrapolation_value=0.5)
    turn = np.array([[0.9, 0.1, 0.2, -0.1, 0.9, 0.3, 0, 0]], dtype=np.float32)
    single(
        "ImageProjectiveTransformV3", x, turn, const([5, 6]), const(0.25, "float32"), interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )  # fmt: skip
    corners = real(12, 2, low=0, high=1)
    boxes = np.concatenate([corners, corners + 0.3], axis=1)
    scores = real(12, low=0, high=1)
    limits = [const(5), const(0.4, "float32")]
    least = const(0.2, "float32")
    single("NonMaxSuppressionV2", boxes, scores, *limits)
    single("NonMaxSuppressionV3", boxes, scores, *limits, least)
    single("NonMaxSuppressionV4", boxes, scores, *limits, least, pad_to_max_output_size=True, count=2)
    single("NonMaxSuppressionV5", boxes, scores, *limits, least, const(0.5, "float32"), count=2)
    single("Where", whole(3, 4, high=2) > 0)
    single("ListDiff", whole(8, high=9), whole(3, high=9), count=2)


def texts() -> None:
    words = np.array(["one two", "", "three four five"])
    single("StringSplit", words, const(" ", "U"), skip_empty=True, count=3)
    single("StringToHashBucketFast", words, num_buckets=7)
    single("StaticRegexReplace", words, pattern="[aeiou]+", rewrite="_", replace_global=True)
    single(
        "StringNGrams", np.array(["a", "b", "c", "d"]), const([0, 3, 4]), separator="-", ngram_widths=[2, 3],
        left_pad="<", right_pad=">", pad_width=1, preserve_short_sequences=False, count=2,
    )  # fmt: skip
    places = np.array([[0, 1], [2, 0]], dtype=np.int32)
    single("SparseFillEmptyRows", places, real(2), const([4, 3]), const(9, "float32"), count=4)
    single("SparseReshape", places, const([4, 3]), const([2, -1]), count=2)
    for op in ("SparseSegmentSum", "SparseSegmentMean"):
        single(op, real(4, 2), const([0, 2, 3]), const([0, 0, 1]))
    table = {"key_dtype": "DT_STRING", "value_dtype": "DT_INT32"}
    add(
        "hash table",
        [
            node("table", "HashTableV2", **table),
            node("fill", "LookupTableImportV2", "table", "keys", "values"),
            node("found", "LookupTableFindV2", "fill", "x", "default"),
            node("size", "LookupTableSizeV2", "fill"),
        ],
        {"x": np.array(["b", "c", "a"])},
        ["found", "size"],
        {"keys": const(["a", "b"], "U")[0], "values": const([5, 6])[0], "default": const(-1)[0]},
    )
