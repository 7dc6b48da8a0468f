"""Pooling on torch tensors, as layers call it, and what wrong calls are told."""

import pytest
import torch
import torch.nn.functional as F

import velveteen as vt
from velveteen.errors import ArgumentError, DtypeError, ShapeError
from velveteen.ops.pooling import pool_nd


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize("rank", [3, 4, 5])
@pytest.mark.parametrize("padding", ["same", "valid", 1])
def test_both_layouts_agree(kind, rank, padding):
    x = torch.randn(2, *(6, 5, 7)[: rank - 2], 3)
    last = pool_nd(x, kind, 2, 2, padding)
    first = pool_nd(x.movedim(-1, 1), kind, 2, 2, padding, channels_first=True)
    torch.testing.assert_close(last.movedim(-1, 1), first)


def test_the_average_leaves_padding_out_but_its_gradient_does_not():
    x = torch.ones(1, 3, 3, 1, requires_grad=True)
    y = pool_nd(x, "avg", 2, 2, "same")
    y.sum().backward()
    assert torch.equal(y, torch.ones(1, 2, 2, 1))
    assert torch.equal(x.grad, torch.full((1, 3, 3, 1), 0.25))


def test_the_first_of_equals_gets_the_gradient():
    x = torch.ones(1, 2, 2, 1, requires_grad=True)
    pool_nd(x, "max", 2, 2).sum().backward()
    assert x.grad.flatten().tolist() == [1, 0, 0, 0]


def test_padding_is_never_the_maximum():
    assert float(pool_nd(torch.full((1, 3, 3, 1), -5.0), "max", 2, 2, "same").max()) == -5


def test_plain_pooling_is_pytorchs():
    x = torch.randn(2, 8, 8, 3)
    torch.testing.assert_close(pool_nd(x, "max", 2, 2).movedim(-1, 1), F.max_pool2d(x.movedim(-1, 1), 2))
    assert pool_nd(x, "max", 2, 2).is_contiguous()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: vt.max_pool(x[0, 0], 2, 2, "same"), ShapeError, "rank 4, or 3 without batch"),
        (
            lambda x: vt.max_pool(x, [2, 2, 2], 2, "same"),
            ArgumentError,
            "kernel size as a positive integer or a list of 2",
        ),
        (lambda x: vt.max_pool(x, 9, 1, "valid"), ShapeError, "does not fit"),
        (lambda x: vt.avg_pool(x.cast("int32"), 2, 2, "same"), DtypeError, "float32"),
        (lambda x: vt.pool(x, 2, "mean", "same"), ArgumentError, '"max" or "avg", got .mean.'),
        (lambda x: vt.pool(x, 2, "max", "same", 2, 2), ArgumentError, "either strides or dilations"),
        (lambda x: vt.pool(x.cast("int32"), 2, "avg", "same"), DtypeError, "cast"),
        (lambda x: vt.max_pool_with_argmax(x[0], 2, 2, "same"), ShapeError, "rank 4"),
        (lambda x: vt.avg_pool3d(x, 2, 2, "same", None, "NCDHW"), ArgumentError, "NDHWC"),
    ],
)
def test_wrong_calls_are_told(call, error, message):
    with pytest.raises(error, match=message):
        call(vt.ones([1, 5, 5, 3]))
