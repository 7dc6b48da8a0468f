"""Nodes that cut, join and rearrange."""

from typing import Any

import numpy as np

from velveteen import ops
from velveteen.errors import ShapeError
from velveteen.graph_models.kinds._reading import axes, integers, one
from velveteen.graph_models.registry import Call, Function, kind, plain
from velveteen.tensors import Shape

plain(
    {
        "Slice": lambda x, begin, size: ops.slice(x, integers(begin), integers(size)),
        "ScatterNd": lambda indices, values, shape: ops.scatter_nd(indices, values, integers(shape)),
    },
    numbers=(1, 2),
)
plain({"ScatterNd": lambda indices, values, shape: ops.scatter_nd(indices, values, integers(shape))}, numbers=(2,))
plain(
    {
        "Reverse": lambda x, chosen: ops.reverse(x, [axis for axis, is_chosen in enumerate(chosen) if is_chosen]),
        "ReverseV2": lambda x, axis: ops.reverse(x, axes(axis)),
        "Tile": lambda x, counts: ops.tile(x, integers(counts)),
        "ExpandDims": lambda x, axis: ops.expand_dims(x, int(one(axis))),
        "Reshape": lambda x, shape: ops.reshape(x, integers(shape)),
        "EnsureShape": lambda x, shape: ops.ensure_shape(x, [None if size < 0 else size for size in integers(shape)]),
        "BroadcastTo": lambda x, shape: ops.broadcast_to(x, integers(shape)),
    },
    numbers=(1,),
)
plain(
    {
        "SpaceToBatchND": lambda x, blocks, sizes: ops.space_to_batch_nd(x, integers(blocks), sizes),
        "BatchToSpaceND": lambda x, blocks, sizes: ops.batch_to_space_nd(x, integers(blocks), sizes),
    },
    numbers=(1, 2),
)
plain(
    {
        "Gather": lambda x, indices: ops.gather(x, indices.int(), 0),
        "GatherNd": ops.gather_nd,
        "TensorScatterUpdate": ops.tensor_scatter_update,
        "BroadcastArgs": ops.broadcast_args,
    }
)


@kind("Concat", numbers=(0,))
def concat(call: Call) -> Function:
    return lambda axis, *tensors: ops.concat(list(tensors), int(one(axis)))


@kind("ConcatV2", numbers=(-1,))
def concat_v2(call: Call) -> Function:
    return lambda *values: ops.concat(list(values[:-1]), int(one(values[-1])))


@kind("GatherV2", numbers=(2,))
def gather(call: Call) -> Function:
    batch_dims = int(call.attributes.number("batch_dims", 0))
    return lambda x, indices, axis=0: ops.gather(x, indices.int(), int(one(axis)), batch_dims)


@kind("StridedSlice", numbers=(1, 2, 3))
def strided_slice(call: Call) -> Function:
    names = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    masks = [int(call.attributes.number(name, 0)) for name in names]
    return lambda x, begin, end, strides: ops.strided_slice(
        x, integers(begin), integers(end), integers(strides), *masks
    )


@kind("Pack")
def pack(call: Call) -> Function:
    axis = int(call.attributes.number("axis", 0))

    def compute(*tensors: Any) -> Any:
        shape = tensors[0].shape
        for tensor in tensors:
            if [size for size in tensor.shape if size != 1] != [size for size in shape if size != 1]:
                raise ShapeError(f"Pack needs tensors of one shape, got {Shape(shape)} and {Shape(tensor.shape)}.")
        return ops.stack([tensor.reshape(shape) for tensor in tensors], axis)

    return compute


@kind("Unpack", outputs=("output",), many=True)
def unpack(call: Call) -> Function:
    axis = int(call.attributes.number("axis", 0))
    return lambda x: ops.unstack(x, axis)


@kind("Split", numbers=(0,), outputs=("output",), many=True)
def split(call: Call) -> Function:
    count = int(call.attributes.number("num_split", 1))
    return lambda axis, x: ops.split(x, count, int(one(axis)))


@kind("SplitV", numbers=(1, 2), outputs=("output",), many=True)
def split_by_sizes(call: Call) -> Function:
    return lambda x, sizes, axis=0: ops.split(x, integers(sizes), int(one(axis)))


@kind("SparseToDense", numbers=(1,))
def sparse_to_dense(call: Call) -> Function:
    def compute(indices: Any, shape: Any, values: Any, default: Any) -> Any:
        if not isinstance(default, np.ndarray):
            default = default.to(values.dtype)
        return ops.sparse_to_dense(indices, values, integers(shape), default)

    return compute


@kind("Squeeze")
def squeeze(call: Call) -> Function:
    chosen = call.attributes.numbers("axis") or call.attributes.numbers("squeeze_dims") or None
    return lambda x: ops.squeeze(x, chosen)


@kind("Cast")
def cast(call: Call) -> Function:
    dtype = call.attributes.dtype("DstT")
    return lambda x: ops.cast(x, dtype)


@kind("MirrorPad", numbers=(1,))
def mirror_pad(call: Call) -> Function:
    mode = call.attributes.text("mode", "REFLECT").lower()
    return lambda x, sizes: ops.mirror_pad(x, sizes, mode)


@kind("Pad", numbers=(1,))
def pad(call: Call) -> Function:
    value = call.attributes.number("constant_value", 0)
    return lambda x, sizes: ops.pad(x, sizes, value)


@kind("PadV2", numbers=(1, 2))
def pad_v2(call: Call) -> Function:
    return lambda x, sizes, value=0: ops.pad(x, sizes, one(value))


@kind("DepthToSpace")
def depth_to_space(call: Call) -> Function:
    size, data_format = int(call.attributes.number("block_size", 1)), call.attributes.text("data_format", "NHWC")
    return lambda x: ops.depth_to_space(x, size, data_format.upper())
