"""Nodes on tensor lists and tensor arrays. The list itself stands for the handle that TensorFlow passes around."""

from typing import Any

import torch

from velveteen import backend
from velveteen.graph_models.kinds._reading import integers, one
from velveteen.graph_models.registry import Call, Function, kind, plain
from velveteen.graph_models.tensor_lists import ElementShape, TensorArray, TensorList, cut, rows, scattered
from velveteen.tensors import dtype_name


def element_shape(value: Any) -> ElementShape:
    """Returns an element's sizes from an input: -1 alone means any rank."""
    return integers(value) if isinstance(value, list) else None


def _count(values: Any) -> torch.Tensor:
    return torch.tensor(len(values), dtype=torch.int32, device=backend.device())


def _with(change: Any) -> Function:
    """Returns a function that changes its first argument and returns it."""

    def compute(handle: Any, *arguments: Any) -> Any:
        change(handle, *arguments)
        return handle

    return compute


# Lists


@kind("TensorListReserve", "EmptyTensorList", numbers=(0, 1))
def empty_list(call: Call) -> Function:
    dtype = call.attributes.dtype("element_dtype")
    is_limited = call.op == "EmptyTensorList"

    def compute(shape: Any, count: Any) -> TensorList:
        limit = int(one(count))
        return TensorList(element_shape(shape), dtype, limit if is_limited and limit >= 0 else None)

    return compute


@kind("TensorListFromTensor", numbers=(1,))
def list_from_tensor(call: Call) -> Function:
    dtype = call.attributes.dtype("element_dtype")
    return lambda tensor, shape: TensorList(element_shape(shape), dtype, None, rows(tensor))


@kind("TensorListScatter", "TensorListScatterV2", numbers=(1, 2, 3))
def scatter_list(call: Call) -> Function:
    dtype = call.attributes.dtype("element_dtype")

    def compute(tensor: Any, indices: Any, shape: Any, count: Any = None) -> TensorList:
        size = None if count is None else int(one(count))
        return scattered(tensor, integers(indices), element_shape(shape), dtype, size)

    return compute


@kind("TensorListSplit", numbers=(1, 2))
def split_list(call: Call) -> Function:
    def compute(tensor: Any, shape: Any, lengths: Any) -> TensorList:
        pieces = cut(tensor, integers(lengths))
        return TensorList(element_shape(shape), dtype_name(tensor), len(pieces), pieces)

    return compute


@kind("TensorListStack", numbers=(1,))
def stack_list(call: Call) -> Function:
    count = int(call.attributes.number("num_elements", -1))
    return lambda tensors, shape: tensors.stack(element_shape(shape), count)


@kind("TensorListConcat", "TensorListConcatV2", outputs=("tensor", "lengths"))
def concat_list(call: Call) -> Function:
    shape = call.attributes.shape("element_shape")
    return lambda tensors, *rest: tensors.concat(shape)


plain(
    {
        "TensorListPushBack": _with(lambda tensors, tensor: tensors.push(tensor)),
        "TensorListLength": _count,
    }
)
plain(
    {
        "TensorListPopBack": lambda tensors, shape: tensors.pop(element_shape(shape)),
        "TensorListResize": lambda tensors, size: tensors.resized(int(one(size))),
    },
    numbers=(1,),
)
plain(
    {
        "TensorListGetItem": lambda tensors, index, shape: tensors.get(int(one(index)), element_shape(shape)),
        "TensorListGather": lambda tensors, indices, shape: tensors.gather(integers(indices), element_shape(shape)),
    },
    numbers=(1, 2),
)
plain(
    {"TensorListSetItem": _with(lambda tensors, index, tensor, *rest: tensors.set(int(one(index)), tensor))},
    numbers=(1,),
)


# Arrays


@kind("TensorArrayV3", numbers=(0,), outputs=("handle", "flow"), many=True)
def tensor_array(call: Call) -> Function:
    read = call.attributes
    dtype, shape = read.dtype("dtype"), read.shape("element_shape")
    grows, clears = read.boolean("dynamic_size"), read.boolean("clear_after_read")

    def compute(size: Any) -> list[Any]:
        flow = torch.ones((), device=backend.device())
        return [TensorArray(dtype, int(one(size)), shape, grows, clears), flow]

    return compute


# The handle also flows on where TensorFlow has a number: it only gives an order.
plain(
    {"TensorArrayWriteV3": _with(lambda array, index, tensor, *flow: array.write(int(one(index)), tensor))},
    numbers=(1,),
)
plain(
    {
        "TensorArrayReadV3": lambda array, index, *flow: array.read(int(one(index))),
        "TensorArrayGatherV3": lambda array, indices, *flow: array.gather(integers(indices)),
        "TensorArrayScatterV3": _with(lambda array, indices, tensor, *flow: array.scatter(integers(indices), tensor)),
    },
    numbers=(1,),
)
plain({"TensorArraySplitV3": _with(lambda array, tensor, lengths, *flow: array.split(tensor, integers(lengths)))}, (2,))
plain(
    {
        "TensorArrayConcatV3": lambda array, *flow: array.concat(),
        "TensorArraySizeV3": lambda array, *flow: _count(array),
        "TensorArrayCloseV3": _with(lambda array: array.close()),
    }
)
