"""What all tests share."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import velveteen as vt
from velveteen.ops._operator import REGISTRY


def conformance_folder() -> Path | None:
    """Returns the folder with what TensorFlow.js was recorded to answer, or None where it is not beside the checkout."""
    folder = Path(__file__).parents[2] / "shared" / "conformance"
    return folder if folder.is_dir() else None


@pytest.fixture
def check():
    """Returns the function that asks an operator every question; see `check_operator`."""
    return check_operator


def check_operator(
    name: str, inputs: Sequence[Any], expected: Any, dtype: str = "float32", *, gradient: bool = True, **options: Any
) -> None:
    """Asserts that an operator gives the right values and dtype, from tensors, arrays, lists and as a method; that it
    works on nothing; and that its gradients, and theirs in turn, are those of the values.

    Args:
        name: as in velveteen, such as "log1p" or "image.flip_left_right".
        inputs: one nested list of float32 numbers for each tensor the operator takes.
        expected: the values, or a numpy function of the inputs.
        dtype: of the result.
        gradient: whether to ask for gradients and for empty tensors, which only make sense element-wise.
        options: further arguments.
    """
    registered = REGISTRY[name]
    arrays = [np.array(values, dtype=np.float32) for values in inputs]
    values = expected(*arrays) if callable(expected) else np.array(expected)
    tensors = [vt.tensor(array) for array in arrays]
    answers = [
        registered.function(*tensors, **options),
        registered.function(*arrays, **options),
        registered.function(*inputs, **options),
    ]
    if registered.method:
        answers.append(getattr(tensors[0], registered.function.__name__)(*tensors[1:], **options))
    for answer in answers:
        assert answer.dtype == dtype
        np.testing.assert_allclose(answer.numpy(), values, rtol=1e-4, atol=1e-5)
    for tensor, array in zip(tensors, arrays, strict=True):
        np.testing.assert_array_equal(tensor.numpy(), array)  # nothing was written into the arguments
    if gradient:
        assert registered.function(*[vt.zeros([0, 2])] * len(inputs), **options).shape == [0, 2]
        doubles = [torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in arrays]
        raw = functools.partial(registered.function, **options)
        assert torch.autograd.gradcheck(raw, doubles)
        assert torch.autograd.gradgradcheck(raw, doubles)
