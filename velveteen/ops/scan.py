"""Operations / Scan and Segment: running sums and products, and sums by group."""

import torch

from velveteen.errors import ArgumentError, ShapeError
from velveteen.ops._operator import Int32, operator
from velveteen.ops._semantics import axes_of, is_integral
from velveteen.tensors import Shape


@operator("Operations", "Scan", method=True)
def cumsum(x, axis: int = 0, exclusive: bool = False, reverse: bool = False):
    """Returns running sums along an axis; of bool, as int32.

    Args:
        x: tensor of rank 1 or more.
        axis: the axis to run along.
        exclusive: whether each sum leaves out its own element, so that the first is 0.
        reverse: whether to run from the end.
    """
    return _scan(x, axis, exclusive, reverse, torch.cumsum, 0)


@operator("Operations", "Scan", method=True)
def cumprod(x, axis: int = 0, exclusive: bool = False, reverse: bool = False):
    """Returns running products along an axis; of bool, as int32.

    Args:
        x: tensor of rank 1 or more.
        axis: the axis to run along.
        exclusive: whether each product leaves out its own element, so that the first is 1.
        reverse: whether to run from the end.
    """
    return _scan(x, axis, exclusive, reverse, torch.cumprod, 1)


def _scan(x, axis, exclusive, reverse, run, neutral):
    (axis,) = axes_of(x, axis)
    x = x.int() if is_integral(x) else x
    if reverse:
        x = x.flip(axis)
    if exclusive and x.shape[axis]:
        first = torch.full_like(x.narrow(axis, 0, 1), neutral)
        x = torch.cat([first, x.narrow(axis, 0, x.shape[axis] - 1)], axis)
    x = run(x, axis, dtype=x.dtype)
    return x.flip(axis) if reverse else x


@operator("Operations", "Segment", method=True)
def unsorted_segment_sum(x, segment_ids: Int32, num_segments: int):
    """Returns the sums of the slices of `x` along the first axis that belong to the same segment, as float32.

    Args:
        x: tensor of shape [n, ...].
        segment_ids: int32 tensor of shape [n, ...], the first dimensions of `x`: the segment of each slice. Those
            outside of 0 … num_segments - 1 are left out.
        num_segments: how many segments there are.

    Returns:
        A tensor of shape [num_segments, ...].

    Raises:
        ShapeError: `segment_ids` does not have the first dimensions of `x`.
    """
    if segment_ids.dim() == 0 or x.shape[: segment_ids.dim()] != segment_ids.shape:
        raise ShapeError(
            f"unsorted_segment_sum() expects segment_ids of the first dimensions of x, {Shape(x.shape)}, "
            f"got {Shape(segment_ids.shape)}."
        )
    x = x.float() if is_integral(x) else x
    outside = (segment_ids < 0) | (segment_ids >= num_segments)
    ids = segment_ids.long().masked_fill(outside, num_segments)
    ids = ids.reshape(*ids.shape, *[1] * (x.dim() - ids.dim())).expand(x.shape)
    sums = torch.zeros(num_segments + 1, *x.shape[1:], dtype=x.dtype, device=x.device)
    return sums.scatter_add(0, ids, x)[:num_segments]


@operator("Operations", "Moving Average")
def moving_average(v, x, decay, step=None, zero_debias: bool = True):
    """Returns a moving average after one more value: `v + (x - v)(1 - decay)`, or debiased.

    Args:
        v: the average so far.
        x: the new value, of the same shape and dtype.
        decay: how much of the old average stays, scalar.
        step: how many values there were, scalar; needed for `zero_debias`.
        zero_debias: whether to divide the update by `1 - decay ** step`, since the average starts at 0
            (Kingma & Ba, Adam, 2015, section 3).

    Raises:
        ShapeError: `v` and `x` differ in shape.
        ArgumentError: `step` is missing.
    """
    if v.shape != x.shape:
        raise ShapeError(f"moving_average() expects v and x of one shape, got {Shape(v.shape)} and {Shape(x.shape)}.")
    update = (x - v) * (1 - decay)
    if zero_debias:
        if step is None:
            raise ArgumentError("moving_average() needs step when zero_debias is true. Give it, or zero_debias=False.")
        update = update / (1 - decay**step)
    return v + update
