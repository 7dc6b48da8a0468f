"""Tensor, Variable and TensorBuffer: what they are made from, what they give, and that a tensor never changes."""

import asyncio
import copy
import gc
import inspect
import math

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen.errors import (
    ArgumentError,
    ArgumentTypeError,
    DisposedError,
    DtypeError,
    ShapeError,
    UnknownNameError,
)


@pytest.mark.parametrize(
    ("values", "dtype", "shape"),
    [
        (3, "float32", []),
        ([1, 2], "float32", [2]),
        ([[1.5], [2]], "float32", [2, 1]),
        ([True, False], "bool", [2]),
        ("text", "string", []),
        ([["a"], ["b"]], "string", [2, 1]),
        (1 + 2j, "complex64", []),
        ([], "float32", [0]),
        ([[], []], "float32", [2, 0]),
        (np.arange(3), "int32", [3]),
        (np.arange(3, dtype=np.uint8), "int32", [3]),
        (np.arange(3, dtype=np.float64), "float32", [3]),
        (np.array([True]), "bool", [1]),
        (np.array(["a", "b"]), "string", [2]),
        (np.array([1j]), "complex64", [1]),
        (np.float32(2), "float32", []),
        (torch.arange(3), "int32", [3]),
        (torch.ones(2, dtype=torch.float64), "float32", [2]),
        (torch.ones(2, dtype=torch.bfloat16), "float32", [2]),
        ([np.ones(2), torch.zeros(2)], "float32", [2, 2]),
        (range(0), None, None),
    ],
)
def test_kinds_of_values(values, dtype, shape):
    if dtype is None:
        with pytest.raises(ArgumentTypeError, match=r"Cannot make a tensor from range.* Give numbers"):
            vt.tensor(values)
        return
    tensor = vt.tensor(values)
    assert (tensor.dtype, tensor.shape, tensor.rank, tensor.size) == (dtype, shape, len(shape), math.prod(shape))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: vt.tensor([[1, 2], [3]]), ShapeError, r"Element \[1\] should be a list of shape \[2\].* same length"),
        (lambda: vt.tensor([[1], 2]), ShapeError, r"Element \[1\] should be a list of shape \[1\].* is a single value"),
        (lambda: vt.tensor([1, [2]]), ShapeError, r"Element \[1\] should be a single value"),
        (lambda: vt.tensor([[[1], [2]], [[3], [4, 5]]]), ShapeError, r"Element \[1\]\[1\]"),
        (lambda: vt.tensor([1, "a"]), DtypeError, r"either strings or numbers"),
        (lambda: vt.tensor(["a", 1]), DtypeError, r"either strings or numbers"),
        (lambda: vt.tensor([None]), DtypeError, r"contains other things"),
        (lambda: vt.tensor([1, 2, 3], [2, 2]), ShapeError, r"needs 4 values, but there are 3"),
        (lambda: vt.tensor([1, 2, 3], [2, -1]), ShapeError, r"Cannot give 3 values the shape \[2, -1\]"),
        (lambda: vt.tensor([1], dtype="string"), DtypeError, r"Cannot make a string tensor from list \[1\]"),
        (lambda: vt.tensor(["a"], dtype="int32"), DtypeError, r"Cannot make a int32 tensor"),
        (lambda: vt.tensor([1], dtype="flaot32"), UnknownNameError, r'"flaot32"\. Did you mean "float32"\?'),
        (lambda: vt.tensor(np.array(["2020-01-01"], dtype="datetime64[D]")), DtypeError, r"numpy array of datetime64"),
        (lambda: vt.tensor([np.ones(2), np.ones(3)]), ShapeError, r"different shapes: \[\[2\], \[3\]\]"),
        (lambda: vt.scalar([1]), ShapeError, r"single value, got shape \[1\]\. Use tensor"),
        (lambda: vt.tensor2d([1, 2]), ShapeError, r"needs a shape when the values are a flat list"),
        (lambda: vt.tensor2d([[[1]]]), ShapeError, r"nested 2 deep, got shape \[1, 1, 1\]"),
        (lambda: vt.tensor3d([1, 2], [1, 2]), ShapeError, r"a shape of 3 numbers"),
        (lambda: vt.tensor1d([[1]]), ShapeError, r"nested 1 deep"),
        (lambda: vt.zeros([2], "string"), DtypeError, r"makes numbers.*fill"),
        (lambda: len(vt.scalar(1)), ArgumentTypeError, r"no length"),
        (lambda: bool(vt.tensor([1, 2])), ShapeError, r"bool\(\) needs a single value"),
        (lambda: [1, 2][vt.scalar(1)], ArgumentTypeError, r"Only an int32 tensor can be an index"),
        (lambda: vt.tensor(["a"]).torch(), DtypeError, r"holds strings"),
        (lambda: vt.tensor([1, 2])[3], ShapeError, r"Cannot index a tensor of shape \[2\] with 3"),
    ],
)
def test_errors_say_what_to_do(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_dtype_on_demand_is_that_of_javascript():
    assert vt.tensor([1.7, -2.7], dtype="int32").array_sync() == [1, -2]
    assert vt.tensor([0, 2, 0.5], dtype="bool").array_sync() == [False, True, True]
    assert vt.tensor([True, False], dtype="float32").array_sync() == [1, 0]
    assert vt.tensor([1], dtype="complex64").array_sync() == [1 + 0j]


# Immutability


def test_a_tensor_is_not_what_it_was_made_from():
    array, tensor = np.ones(3, dtype=np.float32), torch.ones(3)
    from_array, from_torch, from_dlpack = vt.tensor(array), vt.tensor(tensor), vt.tensor(_OnlyDlpack(tensor))
    array[0] = tensor[0] = 7
    for made in (from_array, from_torch, from_dlpack):
        assert made.array_sync() == [1, 1, 1]


class _OnlyDlpack:
    def __init__(self, tensor):
        self.__dlpack__, self.__dlpack_device__ = tensor.__dlpack__, tensor.__dlpack_device__


def test_what_a_tensor_gives_away_does_not_lead_back():
    tensor = vt.tensor([1, 2, 3])
    tensor.numpy()[0] = 7
    tensor.data_sync()[0] = 7
    np.asarray(tensor)[0] = 7
    tensor.torch()[0] = 7
    torch.from_dlpack(tensor)[0] = 7
    np.from_dlpack(tensor).copy()[0] = 7
    tensor.buffer_sync().set(7, 0)
    tensor.array_sync()[0] = 7
    assert tensor.array_sync() == [1, 2, 3]
    strings = vt.tensor(["a", "b"])
    strings.numpy()[0] = "x"
    assert strings.array_sync() == ["a", "b"]


def test_no_operator_changes_its_argument():
    tensor = vt.tensor([[3, 1], [2, 4]])
    for name in sorted(vt.Tensor.operators):
        for arguments in ((), (tensor,), (1,)):
            try:
                result = getattr(tensor, name)(*arguments)
                if inspect.iscoroutine(result):
                    asyncio.run(result)
            except (vt.VelveteenError, TypeError, AttributeError):
                continue
    assert tensor.array_sync() == [[3, 1], [2, 4]]


def test_in_place_operators_make_a_new_tensor():
    tensor = before = vt.tensor([1, 2])
    tensor += 1
    assert (before.array_sync(), tensor.array_sync()) == ([1, 2], [2, 3])


def test_a_tensor_cannot_be_assigned_to():
    tensor = vt.tensor([1, 2])
    with pytest.raises(TypeError):
        tensor[0] = 3
    for name in ("shape", "dtype", "value", "rank", "size"):
        with pytest.raises(AttributeError):
            setattr(tensor, name, 1)


# Other libraries, and awaiting


def test_numpy_both_ways():
    tensor = vt.tensor(np.arange(6, dtype=np.float32).reshape(2, 3).T)
    assert np.asarray(tensor).tolist() == [[0, 3], [1, 4], [2, 5]]
    assert np.asarray(tensor, dtype=np.int64).dtype == np.int64
    assert isinstance(np.ones(2) + vt.ones([2]), vt.Tensor)
    assert np.stack([tensor, tensor]).shape == (2, 3, 2)


def test_big_endian_arrays_are_understood():
    assert vt.tensor(np.array([1, 2], dtype=">i4")).array_sync() == [1, 2]


def test_torch_both_ways():
    x = torch.ones(2, requires_grad=True)
    assert vt.tensor(x).torch().requires_grad is False
    assert vt.add(x, x).requires_grad  # torch in, torch out: layers use the same operators
    assert isinstance(vt.add(x, 1), torch.Tensor)
    assert vt.tensor([1, 2]).torch().tolist() == [1, 2]


@pytest.mark.parametrize(
    "mix",
    [
        lambda a, b: a + b,
        lambda a, b: b + a,
        lambda a, b: vt.add(a, b),
        lambda a, b: vt.concat([a, b])[1:3],
        lambda a, b: vt.concat([b, a])[1:3],
        lambda a, b: vt.einsum("i,i->i", a, b),
    ],
)
def test_torch_beside_tensors_makes_tensors(mix):
    found = mix(torch.ones(2), vt.ones([2]))
    assert isinstance(found, vt.Tensor) and found.shape == [2]


def test_data_and_array_can_be_awaited():
    async def read(tensor):
        return (await tensor.data()).tolist(), await tensor.array(), (await tensor.buffer()).get(1, 0)

    assert asyncio.run(read(vt.tensor([[1, 2], [3, 4]]))) == ([1, 2, 3, 4], [[1, 2], [3, 4]], 3)


def test_bytes():
    assert asyncio.run(vt.tensor([1, 2], dtype="int32").bytes()) == b"\1\0\0\0\2\0\0\0"
    assert asyncio.run(vt.tensor(["a", "é"]).bytes()) == [b"a", "é".encode()]


# Indexing and Python's operators


@pytest.mark.parametrize(
    "index",
    [
        0,
        -1,
        np.s_[1:],
        np.s_[::-1],
        np.s_[:, ::-2],
        np.s_[..., 0],
        np.s_[None, 1],
        np.s_[2:0:-1, 1:],
        np.s_[5:],
        np.s_[0:0:-1],
        np.s_[[0, 2]],
        np.s_[[2, 0], [1, 1]],
        np.s_[[True, False, True]],
    ],
)
def test_indexing_is_numpys(index):
    array = np.arange(24, dtype=np.float32).reshape(3, 4, 2)
    np.testing.assert_array_equal(vt.tensor(array)[index].numpy(), array[index])
    strings = array.astype(str).astype(object)
    np.testing.assert_array_equal(vt.tensor(strings)[index].numpy(), strings[index])


def test_tensors_index_tensors():
    tensor = vt.tensor([1, 2, 3])
    assert tensor[tensor > 1].array_sync() == [2, 3]
    assert tensor[vt.tensor([2, 0], dtype="int32")].array_sync() == [3, 1]
    assert ["a", "b"][vt.scalar(1, "int32")] == "b"
    assert [part.array_sync() for part in tensor] == [1, 2, 3]


@pytest.mark.parametrize(
    ("found", "expected", "dtype"),
    [
        (lambda a, b: a + b, [4, 1], "float32"),
        (lambda a, b: 1 - a, [-2, 3], "float32"),
        (lambda a, b: [2, 2] * a, [6, -4], "float32"),
        (lambda a, b: np.array([6, 6], dtype=np.float32) / a, [2, -3], "float32"),
        (lambda a, b: a // 2, [1, -1], "int32"),
        (lambda a, b: 7 % a, [1, -1], "float32"),
        (lambda a, b: a**2, [9, 4], "float32"),
        (lambda a, b: 2**b, [2, 8], "float32"),
        (lambda a, b: a.reshape([1, 2]) @ b.reshape([2, 1]), [[-3]], "float32"),
        (lambda a, b: a == [3, 1], [True, False], "bool"),
        (lambda a, b: 3 != a, [False, True], "bool"),  # noqa: SIM300
        (lambda a, b: a < b, [False, True], "bool"),
        (lambda a, b: 3 <= a, [True, False], "bool"),  # noqa: SIM300
        (lambda a, b: a > b, [True, False], "bool"),
        (lambda a, b: a >= 3, [True, False], "bool"),
        (lambda a, b: ~(a > b), [False, True], "bool"),
        (lambda a, b: (a > b) & True, [True, False], "bool"),
        (lambda a, b: (a > b) | [False, True], [True, True], "bool"),
        (lambda a, b: (a > b) ^ True, [False, True], "bool"),
        (lambda a, b: a.to_int() & vt.tensor([6, 7], dtype="int32"), [2, 6], "int32"),
        (lambda a, b: -a, [-3, 2], "float32"),
        (lambda a, b: +a, [3, -2], "float32"),
        (lambda a, b: abs(a), [3, 2], "float32"),
    ],
)
def test_pythons_operators(found, expected, dtype):
    answer = found(vt.tensor([3, -2]), vt.tensor([1, 3]))
    assert (answer.array_sync(), answer.dtype) == (expected, dtype)


def test_what_is_no_tensor_is_left_to_python():
    tensor = vt.tensor([1])
    assert (tensor == None) is False  # noqa: E711  # what Python says of two things that do not know each other
    assert (tensor != object()) is True
    assert tensor != {"a": 1}
    with pytest.raises(TypeError, match="unsupported operand"):
        tensor + None
    assert {tensor: 1}[tensor] == 1  # by identity, as == is element-wise


def test_methods_of_shape_and_dtype():
    tensor = vt.tensor([[1, 0, 3], [4, 5, 6]])
    assert tensor.flatten().shape == tensor.as_1d().shape == [6]
    assert tensor.as_2d(3, 2).shape == [3, 2]
    assert tensor.as_3d(1, 2, 3).shape == (1, 2, 3)
    assert tensor.as_4d(1, 2, 3, 1).rank == 4
    assert tensor.as_5d(1, 1, 2, 3, 1).rank == 5
    assert tensor.reshape_as(vt.zeros([3, 2])).shape == [3, 2]
    assert vt.tensor([[7]]).as_scalar().array_sync() == 7
    assert [tensor.to_int().dtype, tensor.to_bool().dtype, tensor.to_bool().to_float().dtype] == [
        "int32",
        "bool",
        "float32",
    ]
    assert tensor.as_type("int32").dtype == "int32"
    assert tensor.stack(tensor).shape == [2, 2, 3]
    assert tensor.concat([tensor, tensor], 1).shape == [2, 9]
    assert tensor.where(tensor > 3, vt.zeros([2, 3])).array_sync() == [[0, 0, 0], [4, 5, 6]]
    assert isinstance(tensor.variable(), vt.Variable)
    assert vt.zeros([0, 3]).flatten().shape == [0]


def test_shapes_equal_lists_and_tuples():
    shape = vt.zeros([2, 3]).shape
    assert shape == [2, 3] and shape == (2, 3) and shape != [3, 2]
    assert (shape != [2, 3]) is False
    assert str(shape) == "[2, 3]"


# Variables and buffers


def test_variable_assign():
    variable = vt.variable([1.0, 2.0], name="bias")
    before = variable + 0
    view = variable.reshape([2, 1])
    variable.assign([3.0, 4.0])
    assert variable.array_sync() == [3, 4]
    assert before.array_sync() == [1, 2] and view.array_sync() == [[1], [2]]
    values = np.array([5, 6], dtype=np.float32)
    variable.assign(values)
    values[0] = 0
    assert variable.array_sync() == [5, 6]
    with pytest.raises(ShapeError, match=r'Variable "bias" has shape \[2\], so it cannot take \[3\]'):
        variable.assign([1, 2, 3])
    with pytest.raises(DtypeError, match=r'Variable "bias" is float32, so it cannot take bool.*cast\("float32"\)'):
        variable.assign([True, False])


def test_variables_are_counted_and_named():
    first, second = vt.variable(1.0), vt.variable(2.0, False, dtype="int32")
    assert int(second.name.split("_")[1]) == int(first.name.split("_")[1]) + 1
    assert (second.dtype, second.trainable) == ("int32", False)
    names = [variable.name for variable in vt.Variable.trainable_variables()]
    assert first.name in names and second.name not in names


def test_buffer():
    buffer = vt.buffer([2, 2], "int32")
    buffer.set(3, 0, 1)
    tensor = buffer.to_tensor()
    buffer.set(9, 0, 1)
    assert tensor.array_sync() == [[0, 3], [0, 0]] and tensor.dtype == "int32"
    assert (buffer.get(0, 1), buffer.get(), buffer.rank, buffer.size) == (9, 0, 2, 4)
    assert vt.buffer([2], values=[1, 2]).to_tensor().array_sync() == [1, 2]
    assert vt.buffer([2], "string").to_tensor().array_sync() == ["", ""]
    assert vt.add(buffer, 1).array_sync() == [[1, 10], [1, 1]]
    with pytest.raises(ShapeError, match=r"Location \[2, 0\] is outside of a buffer of shape \[2, 2\]"):
        buffer.get(2, 0)
    with pytest.raises(ShapeError, match=r"needs 4 values, got 3"):
        vt.buffer([2, 2], "float32", [1, 2, 3])


# Memory


def test_dispose_twice_is_once():
    tensor = vt.tensor([1])
    tensor.dispose()
    tensor.dispose()
    assert tensor.is_disposed and repr(tensor) == "Tensor (disposed)"
    for use in (lambda: tensor.shape, lambda: tensor + 1, lambda: tensor.numpy(), lambda: vt.exp(tensor)):
        with pytest.raises(DisposedError, match="was disposed"):
            use()


def test_memory_counts_tensors_and_bytes():
    gc.collect()
    before = vt.memory()
    tensor = vt.zeros([100, 10])
    view = tensor.reshape([10, 100])
    text = vt.tensor(["abc", "é"])
    after = vt.memory()
    assert after.num_tensors - before.num_tensors == 3
    assert after.num_data_buffers - before.num_data_buffers == 2
    assert after.num_bytes - before.num_bytes == 4000 + 5
    assert after.unreliable
    vt.dispose({"a": [tensor, (view,)], "b": text, "c": 3})
    assert vt.memory() == before
    del tensor, view, text
    layer = vt.layers.dense(2, input_shape=[3])
    model = vt.sequential([layer])
    assert vt.memory().num_bytes - before.num_bytes == 4 * (3 * 2 + 2)
    del layer, model


def test_tidy_and_keep():
    gc.collect()
    before = vt.memory().num_tensors
    result = vt.tidy("a name", lambda: (vt.ones([2]) + vt.ones([2])).mul(vt.keep(vt.scalar(2))))
    assert result.array_sync() == [4, 4]
    assert vt.memory().num_tensors == before + 1

    async def later():
        return 1

    with pytest.raises(ArgumentTypeError, match="cannot wait for an async function"):
        vt.tidy(later)
    with pytest.raises(ArgumentTypeError, match=r"expects a function, got str.*lambda"):
        vt.tidy("a name")


def test_dispose_variables():
    variable, tensor = vt.variable(1.0), vt.scalar(1)
    vt.dispose_variables()
    assert variable.is_disposed and not tensor.is_disposed


def test_profile_and_time():
    info = vt.profile(lambda: vt.add(vt.ones([2, 3]), 1).sum())
    assert info.kernel_names == ["ones", "add", "sum"]
    assert info.result.array_sync() == 12
    assert (info.new_tensors, info.new_bytes) == (1, 4)
    assert info.peak_bytes >= 48
    assert info.kernels[1].input_shapes == [[2, 3], []] and info.kernels[1].output_shapes == [[2, 3]]
    assert vt.time(lambda: vt.ones([2])).wall_ms >= 0


def test_debug_mode_finds_the_operator_that_gave_a_nan():
    vt.enable_debug_mode()
    vt.enable_debug_mode()
    try:
        with pytest.raises(ArgumentError, match=r"log\(\) of shapes \[2\] gave a NaN.*negative"):
            vt.log([1, -1])
        assert vt.log([1]).array_sync() == [0]
    finally:
        vt.enable_prod_mode()
    assert math.isnan(vt.log([-1]).array_sync()[0])


def test_strings_are_moved_like_numbers():
    text = vt.tensor([["a", "b"], ["c", "d"]])
    assert vt.transpose(vt.tensor([[0, 1]])).shape == [2, 1]
    assert vt.reverse(text, 1).array_sync() == [["b", "a"], ["d", "c"]]
    assert vt.gather(text, [1]).array_sync() == [["c", "d"]]
    assert vt.boolean_mask(text, [True, False]).array_sync() == [["a", "b"]]
    assert vt.concat([text, text], 1).array_sync() == [["a", "b", "a", "b"], ["c", "d", "c", "d"]]
    assert [part.array_sync() for part in vt.split(text, 2, 1)] == [[["a"], ["c"]], [["b"], ["d"]]]
    assert vt.strided_slice(text, [0, -1], [2, -3], [1, -1]).array_sync() == [["b", "a"], ["d", "c"]]
    assert [part.array_sync() for part in vt.setdiff1d(["a", "b"], ["b"])] == [["a"], [0]]
    assert vt.clone(text).array_sync() == text.array_sync()


def test_a_tensor_can_be_copied():
    tensor = vt.tensor([1, 2])
    assert copy.copy(tensor).array_sync() == [1, 2]
