"""Operations / Basic math and Normalization: the activation functions of neural networks, element-wise or over a row."""

import torch
from torch.nn import functional

from velveteen.errors import ShapeError
from velveteen.ops._operator import Float32, operator
from velveteen.ops._semantics import is_integral, like, matched, with_gradients


@operator("Operations", "Basic math", method=True)
def elu(x: Float32):
    """Returns `x` where positive, `exp(x) - 1` elsewhere."""
    return functional.elu(x)


@operator("Operations", "Basic math", method=True)
def leaky_relu(x, alpha: float = 0.2):
    """Returns `x` where positive, `alpha * x` elsewhere, as float32.

    Args:
        x: tensor of any shape.
        alpha: the slope below 0.
    """
    return functional.leaky_relu(x.float() if is_integral(x) else x, alpha)


@operator("Operations", "Basic math", method=True)
def log_sigmoid(x):
    """Returns `log(1 / (1 + exp(-x)))` element-wise."""
    return like(x, functional.logsigmoid(x.float() if is_integral(x) else x))


@operator("Operations", "Basic math", method=True)
def prelu(x, alpha):
    """Returns `x` where positive, `alpha * x` elsewhere, as float32.

    Args:
        x: tensor of any shape.
        alpha: tensor broadcastable with `x`: the slopes below 0, which a network can learn.
    """
    x, alpha = matched(x, alpha)
    if is_integral(x):
        x, alpha = x.float(), alpha.float()
    return _prelu(x, alpha)


# At 0 the value is x, also where alpha is infinite, but the gradient is the lower side's.
_prelu = with_gradients(
    lambda x, alpha: torch.where(x < 0, alpha * x, x),
    lambda dy, x, alpha: torch.where(x > 0, dy, dy * alpha),
    lambda dy, x, alpha: torch.where(x > 0, torch.zeros_like(dy), dy * x),
)


@operator("Operations", "Basic math", method=True)
def relu(x):
    """Returns `max(x, 0)` element-wise. The gradient at 0 is 0."""
    return x if x.dtype == torch.bool else torch.relu(x)


@operator("Operations", "Basic math", method=True)
def relu6(x):
    """Returns `min(max(x, 0), 6)` element-wise. The gradient is 0 at 0 and 1 at 6."""
    return x if x.dtype == torch.bool else torch.clamp(torch.relu(x), max=6)


@operator("Operations", "Basic math", method=True)
def selu(x):
    """Returns `1.0507 x` where positive, `1.7581 (exp(x) - 1)` elsewhere.

    Source: Klambauer et al., Self-Normalizing Neural Networks, 2017.
    """
    return like(x, functional.selu(x.float() if is_integral(x) else x))


@operator("Operations", "Basic math", method=True)
def sigmoid(x: Float32):
    """Returns `1 / (1 + exp(-x))` element-wise."""
    return torch.sigmoid(x)


@operator("Operations", "Basic math", method=True)
def softplus(x):
    """Returns `log(1 + exp(x))` element-wise."""
    return like(x, functional.softplus(x.float() if is_integral(x) else x))


@operator("Operations", "Basic math", method=True)
def step(x, alpha: float = 0.0):
    """Returns 1 where `x` is positive, `alpha` elsewhere, NaN for NaN. The gradient is 0 everywhere.

    Args:
        x: tensor of any shape.
        alpha: the value at and below 0.
    """

    def value(x: torch.Tensor) -> torch.Tensor:
        stepped = torch.where(x > 0, 1.0, float(alpha))
        return like(x, torch.where(torch.isnan(x), x, stepped) if x.is_floating_point() else stepped)

    return with_gradients(value, lambda dy, x: torch.zeros_like(dy))(x)


@operator("Operations", "Normalization", method=True)
def softmax(logits: Float32, dim: int = -1):
    """Returns `exp(logits) / sum(exp(logits))` along the last dimension: positive numbers that add up to 1.

    Args:
        logits: tensor of rank 1 or more.
        dim: the dimension, which must be the last one.

    Raises:
        ShapeError: `dim` is not the last dimension.
    """
    _check_last(logits, dim, "softmax", "dim")
    return torch.softmax(logits, -1)


@operator("Operations", "Normalization", method=True)
def log_softmax(logits, axis: int = -1):
    """Returns `logits - log(sum(exp(logits)))` along the last dimension, as float32.

    Args:
        logits: tensor of rank 1 or more.
        axis: the dimension, which must be the last one.

    Raises:
        ShapeError: `axis` is not the last dimension.
    """
    _check_last(logits, axis, "log_softmax", "axis")
    return torch.log_softmax(logits.float() if is_integral(logits) else logits, -1)


def _check_last(logits: torch.Tensor, dim: int, operator_name: str, argument: str) -> None:
    if logits.dim() == 0:
        raise ShapeError(f"{operator_name}() expects a tensor of rank 1 or more, got a scalar.")
    if dim not in (-1, logits.dim() - 1):
        raise ShapeError(
            f"{operator_name}() works along the last dimension, {logits.dim() - 1}, but got {argument}={dim}. "
            "Transpose first."
        )
