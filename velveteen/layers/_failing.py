"""What is said when a layer inside of a model trips over what it was given."""

from collections.abc import Sequence
from typing import Any, NoReturn

import torch

from velveteen.errors import ArgumentError, ArgumentTypeError, ComputationError, VelveteenError
from velveteen.tensors import Shape

_PASSED_ON = (VelveteenError, torch.OutOfMemoryError, Warning)
"""What says enough by itself, and what a program may wait for under its own name."""


def explain(layer: Any, inputs: Any, error: Exception) -> NoReturn:
    """Raises what calling a layer raised in a form that names the layer and its input.

    Args:
        layer: a layer, or a function that stands for one.
        inputs: the torch tensor, or the list of them, that it was given.
        error: what was raised.

    Raises:
        `error` itself where it says enough; else what `check_input_shape` has to say, or a VelveteenError that is also a
        TypeError or ValueError where `error` was one.
    """
    if isinstance(error, _PASSED_ON):
        raise error
    owner = getattr(layer, "__self__", layer)
    parts: Sequence[torch.Tensor] = inputs if isinstance(inputs, list) else [inputs]
    shapes = [tuple(part.shape) for part in parts]
    try:
        owner.check_input_shape(shapes if isinstance(inputs, list) else shapes[0])
    except VelveteenError as told:
        raise told from error
    except Exception:  # a model from a file may have settings that the check trips over as well
        pass
    name = getattr(owner, "name", type(owner).__name__)
    kind = getattr(owner, "class_name", type(owner).__name__)
    reason = (str(error).splitlines() or [""])[0]
    message = (
        f'Layer "{name}" ({kind}) cannot compute its input of shape {", ".join(str(Shape(shape)) for shape in shapes)}: '
        f"{type(error).__name__}: {reason:.300} Check the settings of the layer and the shape of the data."
    )
    if isinstance(error, TypeError):
        raise ArgumentTypeError(message) from error
    raise (ArgumentError if isinstance(error, ValueError) else ComputationError)(message) from error
