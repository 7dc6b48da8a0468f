"""How the arguments of a call are drawn, for one operator or a family of them.

A trailing dict is keyword arguments. What TensorFlow.js has wrong is not drawn; the docstring says so.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.conformance.randomness import Arguments, Random, tensor

Draw = Callable[[Random], Arguments]


def unary(low: float = -2.0, high: float = 2.0) -> Draw:
    return lambda r: [r.floats(r.shape(), low, high)]


def unary_numbers(r: Random) -> Arguments:
    return [r.numbers(r.shape())]


def special(r: Random) -> Arguments:
    values = [r.one_of(0.0, 1.5, "NaN", "Infinity", "-Infinity", -2.0) for _ in range(6)]
    return [{"$t": 1, "dtype": "float32", "shape": [2, 3], "data": values}]


def binary(r: Random) -> Arguments:
    a, b = r.broadcastable()
    return [r.numbers(a), r.numbers(b)]


def binary_floats(r: Random) -> Arguments:
    a, b = r.broadcastable()
    return [r.floats(a), r.floats(b)]


def binary_of(kind: str) -> Draw:
    def draw(r: Random) -> Arguments:
        a, b = r.broadcastable()
        return [getattr(r, kind)(a), getattr(r, kind)(b)]

    return draw


def binary_of_one_shape(r: Random) -> Arguments:
    shape = r.shape(1, 3)
    return [r.floats(shape), r.floats(shape)]


def quotient(r: Random) -> Arguments:
    a, b = r.broadcastable()
    if r.chance():
        return [r.integers(a), r.integers(b, 1, 5)]
    return [r.floats(a), r.floats(b, 0.5, 2)]


def power(r: Random) -> Arguments:
    a, b = r.broadcastable()
    return [r.integers(a, -4, 4), r.integers(b, 0, 3)] if r.chance() else [r.floats(a, 0.2, 2), r.floats(b)]


def reduction(r: Random) -> Arguments:
    shape = r.shape(0, 4)
    return [r.numbers(shape), r.axes(len(shape)), r.chance()]


def reduction_of(kind: str) -> Draw:
    def draw(r: Random) -> Arguments:
        shape = r.shape(0, 4)
        return [getattr(r, kind)(shape), r.axes(len(shape)), r.chance()]

    return draw


def arg_reduction(r: Random) -> Arguments:
    shape = r.shape(1, 4)
    return [r.one_of(r.steps, r.integers)(shape), r.axis(len(shape))]


def scan(r: Random) -> Arguments:
    """Along the last axis, or of integers: TensorFlow.js's gradient along others comes transposed, negative ones fail."""
    shape = r.shape(1, 4, 3)
    axis = r.whole(0, len(shape) - 1)
    kind = r.floats if axis == len(shape) - 1 else r.integers
    return [kind(shape), axis, r.chance(), r.chance()]


def filled(r: Random) -> Arguments:
    return [r.shape(), r.one_of("float32", "int32", "bool")]


def mat_mul(r: Random) -> Arguments:
    batch, m, k, n = r.shape(0, 2, 3), r.whole(1, 4), r.whole(1, 4), r.whole(1, 4)
    a_turned, b_turned = r.chance(), r.chance()
    a = r.floats([*batch, *([k, m] if a_turned else [m, k])])
    b = r.floats([*batch, *([n, k] if b_turned else [k, n])])
    return [a, b, a_turned, b_turned]


def dot(r: Random) -> Arguments:
    k = r.whole(1, 4)
    return [r.floats(r.one_of([k], [3, k])), r.floats(r.one_of([k], [k, 2]))]


def transpose(r: Random) -> Arguments:
    shape = r.shape(0, 4)
    return [r.numbers(shape), *([r.permutation(len(shape))] if r.chance() else [])]


def norm(r: Random) -> Arguments:
    shape = r.shape(1, 3)
    kind = r.one_of("euclidean", 1, 2, "Infinity", "-Infinity")
    return [r.floats(shape), kind, r.axis(len(shape)), r.chance()]


def where(r: Random) -> Arguments:
    whole = r.shape(0, 3)
    return [r.booleans(whole), r.floats(whole), r.floats(whole)]


def reshape(r: Random) -> Arguments:
    shape = r.shape(0, 4)
    count = math.prod(shape)
    return [r.numbers(shape), r.one_of([-1], [count], [1, count], [count, 1, 1], list(reversed(shape)))]


def expand_dims(r: Random) -> Arguments:
    shape = r.shape(0, 3)
    return [r.numbers(shape), r.whole(-len(shape) - 1, len(shape))]


def squeeze(r: Random) -> Arguments:
    shape = [1, r.whole(2, 3), 1, r.whole(2, 3)]
    return [r.numbers(shape), *r.one_of([], [[0]], [[2]], [[0, 2]], [[-2]])]


def tile(r: Random) -> Arguments:
    shape = r.shape(1, 4, 3)
    return [r.numbers(shape), [r.whole(1, 3) for _ in shape]]


def pad(rank: int | None = None) -> Draw:
    def draw(r: Random) -> Arguments:
        shape = r.shape(rank or 1, rank or 4)
        widths = [[r.whole(0, 2), r.whole(0, 2)] for _ in shape]
        return [r.one_of(r.floats, r.integers)(shape), widths[0] if rank == 1 else widths, r.whole(-2, 2)]

    return draw


def mirror_pad(r: Random) -> Arguments:
    shape = [r.whole(3, 5) for _ in range(r.whole(1, 3))]
    return [r.floats(shape), [[r.whole(0, 2), r.whole(0, 2)] for _ in shape], r.one_of("reflect", "symmetric")]


def slices(rank: int | None = None) -> Draw:
    def draw(r: Random) -> Arguments:
        shape = [r.whole(2, 5) for _ in range(rank or r.whole(1, 4))]
        begin = [r.whole(0, n - 1) for n in shape]
        size = [r.whole(1, n - start) for n, start in zip(shape, begin, strict=True)]
        args = [r.numbers(shape), begin, [-1 if r.chance(0.2) else n for n in size]]
        return [args[0], begin[0], size[0]] if rank == 1 else args

    return draw


def strided_slice(r: Random) -> Arguments:
    shape = [r.whole(2, 5) for _ in range(r.whole(1, 3))]
    strides = [r.one_of(1, 2, -1, -2) for _ in shape]
    forward = [(r.whole(0, n - 1), r.whole(1, n)) for n in shape]
    begin = [start if step > 0 else end - 1 for (start, end), step in zip(forward, strides, strict=True)]
    end = [end if step > 0 else start for (start, end), step in zip(forward, strides, strict=True)]
    masks = [r.whole(0, 2 ** len(shape) - 1) if r.chance(0.3) else 0 for _ in range(2)]
    return [r.floats(shape), begin, end, strides, *masks]


def concat(rank: int | None = None) -> Draw:
    def draw(r: Random) -> Arguments:
        shape = r.shape(rank or 1, rank or 4, 3)
        axis = r.whole(0, len(shape) - 1) if rank else r.axis(len(shape))
        parts = []
        for _ in range(r.whole(1, 3)):
            shape[axis] = r.whole(1, 3)
            parts.append(r.floats(shape))
        return [parts] if rank == 1 else [parts, axis]

    return draw


def stack(r: Random) -> Arguments:
    shape = r.shape(0, 3)
    return [[r.floats(shape) for _ in range(r.whole(1, 3))], r.whole(0, len(shape))]


def unstack(r: Random) -> Arguments:
    shape = r.shape(1, 3)
    return [r.numbers(shape), r.axis(len(shape))]


def split(r: Random) -> Arguments:
    shape = r.shape(1, 3)
    axis = r.axis(len(shape))
    parts = r.whole(1, 3)
    sizes = [r.whole(1, 3) for _ in range(parts)]
    shape[axis] = parts * 2
    if r.chance():
        shape[axis] = sum(sizes)
        return [r.numbers(shape), sizes, axis]
    return [r.numbers(shape), parts, axis]


def reverse(rank: int | None = None) -> Draw:
    def draw(r: Random) -> Arguments:
        shape = r.shape(rank or 1, rank or 4)
        if rank == 1:
            return [r.numbers(shape)]
        return [r.numbers(shape), r.axes(len(shape))]

    return draw


def gather(r: Random) -> Arguments:
    shape = r.shape(1, 3)
    axis = r.axis(len(shape))
    return [r.floats(shape), r.integers(r.shape(1, 2), 0, shape[axis] - 1), axis]


def gather_nd(r: Random) -> Arguments:
    shape = r.shape(2, 3)
    depth = r.whole(1, len(shape))
    rows = [[r.whole(0, n - 1) for n in shape[:depth]] for _ in range(3)]
    return [r.floats(shape), tensor(np.array(rows, np.int32))]


def scatter_nd(r: Random) -> Arguments:
    rows = r.whole(1, 4)
    width = r.whole(1, 3)
    return [r.integers([rows, 1], 0, 5), r.floats([rows, width]), [6, width]]


def tensor_scatter_update(r: Random) -> Arguments:
    places = tensor(np.array(r.permutation(6)[:3], np.int32).reshape(3, 1))
    return [r.floats([6, 2]), places, r.floats([3, 2])]


def sparse_to_dense(r: Random) -> Arguments:
    places = tensor(np.array(sorted(r.permutation(8)[:3]), np.int32).reshape(3, 1))
    return [places, r.floats([3]), [8], r.floats([])]


def space_to_batch(r: Random) -> Arguments:
    block = [r.whole(1, 2), r.whole(1, 3)]
    sizes = [block[0] * r.whole(1, 3), block[1] * r.whole(1, 2)]
    return [r.floats([2, *sizes, r.whole(1, 2)]), block, [[0, block[0]], [block[1], 0]]]


def batch_to_space(r: Random) -> Arguments:
    block = [r.whole(1, 2), r.whole(1, 2)]
    batch = block[0] * block[1] * r.whole(1, 2)
    crops = [[0, r.whole(0, 1)], [r.whole(0, 1), 0]]
    return [r.floats([batch, 2, 3, r.whole(1, 2)]), block, crops]


def depth_to_space(r: Random) -> Arguments:
    return [r.floats([r.whole(1, 2), r.whole(1, 3), r.whole(1, 3), 4 * r.whole(1, 2)]), 2, "NHWC"]


def broadcast_to(r: Random) -> Arguments:
    whole = r.shape(1, 3)
    return [r.floats([1 if r.chance(0.3) else n for n in whole]), whole]


def one_hot(r: Random) -> Arguments:
    return [r.integers(r.shape(1, 2), -1, 5), 5, *r.one_of([], [2, -1], [0.5, 0.25])]


def top_k(r: Random) -> Arguments:
    shape = [*r.shape(0, 2), r.whole(2, 6)]
    return [r.steps(shape), r.whole(1, shape[-1]), True]


def search(r: Random) -> Arguments:
    rows = np.sort(r.generator.integers(0, 9, (2, 5)).astype(np.float32), axis=1)
    return [tensor(rows), tensor(r.generator.integers(-1, 11, (2, 4)).astype(np.float32))]


def convolution(rank: int, *, transposed: bool = False, depthwise: bool = False) -> Draw:
    def draw(r: Random) -> Arguments:
        kernel = [r.whole(1, 3) for _ in range(rank)]
        strides = [r.whole(1, 2) for _ in range(rank)]
        dilations = r.whole(1, 2) if max(strides) == 1 and not transposed else 1
        sizes = [r.whole((n - 1) * dilations + 1, 6) for n in kernel]
        channels, filters = r.whole(1, 3), r.whole(1, 3)
        padding = r.one_of("same", "valid")
        if transposed:
            shape = [
                n * s if padding == "same" else (n - 1) * s + k for n, s, k in zip(sizes, strides, kernel, strict=True)
            ]
            x, w = r.floats([2, *sizes, channels]), r.floats([*kernel, filters, channels])
            return [x, w, [2, *shape, filters], strides, padding]
        x, w = r.floats([2, *sizes, channels]), r.floats([*kernel, channels, filters])
        if rank == 1:
            return [x, w, strides[0], padding, "NWC", dilations]
        return [x, w, strides, padding, "NHWC" if rank == 2 else "NDHWC", [dilations] * rank]

    return draw


def fused_convolution(*, depthwise: bool = False) -> Draw:
    plain = convolution(2, depthwise=depthwise)

    def draw(r: Random) -> Arguments:
        args = plain(r)
        kernel = args[1]["shape"]
        return [*args, None, *behind(r, kernel[2] * kernel[3] if depthwise else kernel[3])]

    return draw


def fused_mat_mul(r: Random) -> Arguments:
    args = mat_mul(r)
    return [*args, *behind(r, args[1]["shape"][-2 if args[3] else -1])]


def behind(r: Random, channels: int) -> Arguments:
    """What comes after a product: bias, activation, slopes of prelu and of leakyrelu."""
    activation = r.one_of("linear", "relu", "relu6", "elu", "sigmoid", "prelu", "leakyrelu")
    bias = r.one_of(None, r.floats([channels]))
    return [bias, activation, r.floats([channels]) if activation == "prelu" else None, 0.3]


def separable(r: Random) -> Arguments:
    channels, multiplier = r.whole(1, 3), r.whole(1, 2)
    depthwise = r.floats([2, r.whole(1, 3), channels, multiplier])
    pointwise = r.floats([1, 1, channels * multiplier, r.whole(1, 3)])
    return [r.floats([2, 5, 4, channels]), depthwise, pointwise, r.whole(1, 2), r.one_of("same", "valid")]


def pooling(rank: int) -> Draw:
    def draw(r: Random) -> Arguments:
        sizes = [r.whole(3, 6) for _ in range(rank)]
        window = [r.whole(1, 3) for _ in range(rank)]
        strides = [r.whole(1, 3) for _ in range(rank)]
        return [r.floats([2, *sizes, r.whole(1, 3)]), window, strides, r.one_of("same", "valid")]

    return draw


def cubes(r: Random) -> Arguments:
    """With cubes as windows: TensorFlow.js's gradient takes the height for the width."""
    x, window, strides, padding = pooling(3)(r)
    return [x, window[0], strides, padding]


def pool(r: Random) -> Arguments:
    x, window, _, padding = pooling(2)(r)
    dilations = r.whole(1, 2) if max(window) == 2 else 1
    return [x, window, r.one_of("avg", "max"), padding, [dilations] * 2, 1]


def dilation(r: Random) -> Arguments:
    channels = r.whole(1, 3)
    return [r.floats([2, 5, 6, channels]), r.floats([2, 3, channels]), r.whole(1, 2), r.one_of("same", "valid")]


def pictures(r: Random, channels: int | None = None) -> dict[str, Any]:
    return r.floats([r.whole(1, 2), r.whole(2, 5), r.whole(2, 5), channels or r.whole(1, 3)], 0, 1)


def resize_bilinear(r: Random) -> Arguments:
    """With half pixels of integers only, since TensorFlow.js's gradient knows no half pixels."""
    centers = r.chance()
    shape = [r.whole(1, 2), r.whole(2, 5), r.whole(2, 5), r.whole(1, 3)]
    x = r.integers(shape, 0, 255) if centers else r.floats(shape, 0, 1)
    return [x, [r.whole(1, 7), r.whole(1, 7)], False if centers else r.chance(), centers]


def resize_nearest(r: Random) -> Arguments:
    """Of one picture and without half pixels, where TensorFlow.js's gradient is right."""
    return [r.floats([1, r.whole(2, 5), r.whole(2, 5), 2]), [r.whole(1, 7), r.whole(1, 7)], r.chance()]


def transform(r: Random) -> Arguments:
    """Of one picture, since TensorFlow.js's cpu backend leaves out all others."""
    moves = tensor(
        np.array([[1, 0, 0, 0, 1, 0, 0, 0]], np.float32) + np.array(r.floats([1, 8], -0.1, 0.1)["data"], np.float32)
    )
    fill = r.one_of("constant", "reflect", "wrap", "nearest")
    return [r.floats([1, 4, 5, 2], 0, 1), moves, r.one_of("nearest", "bilinear"), fill, 0.5, r.one_of(None, [3, 6])]


def crop_and_resize(r: Random) -> Arguments:
    corners = np.sort(r.generator.uniform(0, 1, (3, 2, 2)).astype(np.float32), axis=1).reshape(3, 4)
    method = r.one_of("bilinear", "nearest")
    return [
        r.floats([2, 5, 6, 2], 0, 1),
        tensor(corners),
        r.integers([3], 0, 1),
        [3, 4],
        method,
        r.floats([])["data"][0],
    ]


def suppression(r: Random) -> Arguments:
    corners = np.sort(r.generator.uniform(0, 1, (6, 2, 2)).astype(np.float32), axis=1).reshape(6, 4)
    return [tensor(corners), r.floats([6], 0, 1), r.whole(1, 6), 0.3, 0.2]


def batch_norm(rank: int) -> Draw:
    def draw(r: Random) -> Arguments:
        shape = r.shape(rank, rank)
        moments = [r.floats(shape[-1:]), r.floats(shape[-1:], 0.5, 2)]
        return [r.floats(shape), *moments, r.floats(shape[-1:]), r.floats(shape[-1:]), 0.01]

    return draw


def loss(low: float = -2.0, high: float = 2.0, labels: str = "floats") -> Draw:
    def draw(r: Random) -> Arguments:
        shape = r.shape(1, 3)
        first = tensor(r.generator.integers(0, 2, shape).astype(np.float32)) if labels == "ones" else r.floats(shape)
        return [first, r.floats(shape, low, high), *([r.floats(shape, 0, 1)] if r.chance() else [])]

    return draw


def crossentropy(r: Random) -> Arguments:
    rows, classes = r.whole(1, 4), r.whole(2, 4)
    labels = np.eye(classes, dtype=np.float32)[r.generator.integers(0, classes, rows)]
    return [tensor(labels), r.floats([rows, classes])]


def probabilities(r: Random) -> Arguments:
    rows, classes = r.whole(1, 4), r.whole(2, 4)
    labels = np.eye(classes, dtype=np.float32)[r.generator.integers(0, classes, rows)]
    predicted = r.generator.dirichlet(np.ones(classes), rows).astype(np.float32)
    return [tensor(labels), tensor(predicted)]


def ones_and_zeros(r: Random) -> Arguments:
    shape = [r.whole(1, 4), r.whole(1, 4)]
    return [tensor(r.generator.integers(0, 2, shape).astype(np.float32)) for _ in range(2)]


def sums_of_segments(r: Random) -> Arguments:
    count = r.whole(1, 5)
    return [r.floats([count, *r.shape(0, 2)]), r.integers([count], 0, 3), 4]


def chosen_segments(r: Random) -> Arguments:
    rows = sorted(r.generator.integers(0, 3, 4).tolist())
    return [r.floats([5, 2]), r.integers([4], 0, 4), tensor(np.array(rows, np.int32))]


def spectrum(r: Random) -> Arguments:
    return [r.complex([r.whole(1, 3), r.one_of(2, 3, 4, 8)])]
