"""Properties that hold for any shapes: broadcasting is numpy's, and reshaping, joining and moving can be undone."""

import math

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays_of

import velveteen as vt

SHAPES = arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
NUMBERS = st.floats(-100, 100, width=32)
PAIRS = arrays_of.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4)


def arrays(shapes=SHAPES):
    return arrays_of.arrays(np.float32, shapes, elements=NUMBERS)


def counting(shape):
    return np.arange(math.prod(shape), dtype=np.float32).reshape(shape)


@settings(deadline=None)
@given(PAIRS)
def test_broadcasting_is_numpys(shapes):
    a, b = (counting(shape) for shape in shapes.input_shapes)
    for name, reference in (("add", np.add), ("mul", np.multiply), ("maximum", np.maximum), ("less", np.less)):
        found = getattr(vt, name)(a, b)
        assert found.shape == shapes.result_shape
        np.testing.assert_array_equal(found.numpy(), reference(a, b))


@settings(deadline=None)
@given(PAIRS)
def test_gradients_have_the_shapes_of_what_was_broadcast(shapes):
    a, b = (counting(shape) + 1 for shape in shapes.input_shapes)
    for function in (vt.add, vt.maximum, vt.pow, vt.prelu):
        gradients = vt.grads(lambda a, b, function=function: function(a, b).sum())([a, b])
        assert [gradient.shape for gradient in gradients] == [a.shape, b.shape]


@settings(deadline=None)
@given(arrays(), st.data())
def test_reshaping_and_back(values, data):
    tensor = vt.tensor(values)
    factors = data.draw(st.permutations(values.shape))
    for shape in ([-1] if values.size else [0], [*factors, 1], [1, *values.shape]):
        changed = tensor.reshape(shape)
        assert changed.size == tensor.size
        np.testing.assert_array_equal(changed.data_sync(), values.reshape(-1))
        np.testing.assert_array_equal(changed.reshape(values.shape).numpy(), values)
    assert tensor.expand_dims(0).squeeze([0]).shape == values.shape
    assert tensor.flatten().reshape_as(tensor).shape == values.shape


@settings(deadline=None)
@given(arrays(arrays_of.array_shapes(max_dims=4, max_side=4)), st.data())
def test_parts_and_back(values, data):
    tensor = vt.tensor(values)
    axis = data.draw(st.integers(-values.ndim, values.ndim - 1))
    np.testing.assert_array_equal(vt.stack(vt.unstack(tensor, axis), axis).numpy(), values)
    np.testing.assert_array_equal(vt.concat(vt.split(tensor, values.shape[axis], axis), axis).numpy(), values)
    np.testing.assert_array_equal(vt.reverse(vt.reverse(tensor, axis), axis).numpy(), values)
    order = data.draw(st.permutations(range(values.ndim)))
    np.testing.assert_array_equal(vt.transpose(vt.transpose(tensor, order), np.argsort(order).tolist()).numpy(), values)
    padded = vt.pad(tensor, [[1, 2]] * values.ndim)
    np.testing.assert_array_equal(vt.slice(padded, [1] * values.ndim, values.shape).numpy(), values)


@settings(deadline=None)
@given(arrays(arrays_of.array_shapes(max_dims=3, max_side=5)), st.data())
def test_reductions_are_numpys(values, data):
    axes = data.draw(st.lists(st.integers(0, values.ndim - 1), min_size=1, unique=True))
    keep = data.draw(st.booleans())
    for name, reference in (("sum", np.sum), ("mean", np.mean), ("max", np.max), ("min", np.min)):
        found = getattr(vt, name)(values, axes, keep)
        np.testing.assert_allclose(found.numpy(), reference(values, tuple(axes), keepdims=keep), rtol=1e-4, atol=1e-3)


@settings(deadline=None)
@given(arrays(st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))), st.data())
def test_blocks_and_back(values, data):
    block = [data.draw(st.sampled_from([size for size in (1, 2, 3) if side % size == 0])) for side in values.shape[1:3]]
    crops = [[0, 0], [0, 0]]
    batches = vt.space_to_batch_nd(values, block, crops)
    np.testing.assert_array_equal(vt.batch_to_space_nd(batches, block, crops).numpy(), values)


@given(st.lists(st.integers(-(2**70), 2**70)))
def test_whole_numbers_are_stored_as_javascript_does(numbers):
    stored = vt.tensor([float(number) for number in numbers]).cast("int32").array_sync()
    wrapped = [int(np.float32(number)) % 2**32 for number in numbers]
    assert stored == [number - 2**32 if number >= 2**31 else number for number in wrapped]
