"""Training / Losses: the namespace `losses`."""

from enum import IntEnum
from typing import Any

import torch

from velveteen.errors import ArgumentError, ShapeError
from velveteen.ops._absolute import absolute
from velveteen.ops._operator import operator
from velveteen.tensors import Shape


class Reduction(IntEnum):
    """How losses of many values become one."""

    NONE = 0
    """They stay as they are."""
    MEAN = 1
    """Their weighted sum, divided by the sum of the weights."""
    SUM = 2
    """Their weighted sum."""
    SUM_BY_NONZERO_WEIGHTS = 3
    """Their weighted sum, divided by how many weights are not zero."""


@operator("Training", "Losses", namespace="losses")
def compute_weighted_loss(losses, weights=None, reduction: int = Reduction.SUM_BY_NONZERO_WEIGHTS):
    """Weighs and reduces losses.

    Args:
        losses: tensor of any shape.
        weights: broadcastable with losses; 1 by default.
        reduction: a `Reduction`.
    """
    weighted = losses if weights is None else losses * weights
    if reduction == Reduction.NONE:
        return weighted
    total = weighted.sum()
    if reduction == Reduction.SUM:
        return total
    if reduction == Reduction.MEAN:
        if weights is None:
            return total / losses.numel()
        return total / weights.sum() / max(1.0, losses.numel() / weights.numel())
    if reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
        if weights is None:
            return total / losses.numel()
        return total / torch.count_nonzero(weights.expand_as(losses))
    raise ArgumentError(
        f"Unknown reduction {reduction!r}. Use one of losses.Reduction: {', '.join(Reduction.__members__)}."
    )


@operator("Training", "Losses", namespace="losses")
def absolute_difference(labels, predictions, weights=None, reduction: int = Reduction.SUM_BY_NONZERO_WEIGHTS):
    """Computes `|labels - predictions|`.

    Args:
        labels, predictions: tensors of one shape.
        weights, reduction: as for `compute_weighted_loss`.
    """
    _check_shapes(labels, predictions, "absolute_difference")
    return compute_weighted_loss(absolute(labels - predictions), weights, reduction)


@operator("Training", "Losses", namespace="losses")
def cosine_distance(labels, predictions, axis: int, weights=None, reduction: int = Reduction.SUM_BY_NONZERO_WEIGHTS):
    """Computes `1 - Σ labels · predictions`, which is the cosine distance where both have length 1 along the axis.

    Args:
        labels, predictions: tensors of one shape.
        axis: the dimension to sum over.
        weights, reduction: as for `compute_weighted_loss`.
    """
    _check_shapes(labels, predictions, "cosine_distance")
    return compute_weighted_loss(1 - (labels * predictions).sum(axis, keepdim=True), weights, reduction)


@operator("Training", "Losses", namespace="losses")
def hinge_loss(labels, predictions, weights=None, reduction: int = Reduction.SUM_BY_NONZERO_WEIGHTS):
    """Computes `max(0, 1 - (2 · labels - 1) · predictions)`.

    Args:
        labels: 0 or 1.
        predictions: tensor of the same shape, positive for 1.
        weights, reduction: as for `compute_weighted_loss`.
    """
    _check_shapes(labels, predictions, "hinge_loss")
    return compute_weighted_loss(torch.relu(1 - (2 * labels - 1) * predictions), weights, reduction)


@operator("Training", "Losses", namespace="losses")
def huber_loss(
    labels, predictions, weights=None, delta: float = 1.0, reduction: int = Reduction.SUM_BY_NONZERO_WEIGHTS
):
    """Computes half the squared error where it is at most delta, and grows linearly from there (Huber 1964).

    Args:
        labels, predictions: tensors of one shape.
        weights, reduction: as for `compute_weighted_loss`.
        delta: where the line begins.
    """
    _check_shapes(labels, predictions, "huber_loss")
    error = absolute(predictions - labels)
    quadratic = error.clamp(max=delta)
    return compute_weighted_loss(0.5 * quadratic * quadratic + delta * (error - quadratic), weights, reduction)


@operator("Training", "Losses", namespace="losses")
def log_loss(
    labels, predictions, weights=None, epsilon: float = 1e-7, reduction: int = Reduction.SUM_BY_NONZERO_WEIGHTS
):
    """Computes `-labels · ln(predictions + ε) - (1 - labels) · ln(1 - predictions + ε)`.

    Args:
        labels, predictions: tensors of one shape, with values from 0 to 1.
        weights, reduction: as for `compute_weighted_loss`.
        epsilon: keeps the logarithm finite.
    """
    _check_shapes(labels, predictions, "log_loss")
    losses = -labels * torch.log(predictions + epsilon) - (1 - labels) * torch.log(1 - predictions + epsilon)
    return compute_weighted_loss(losses, weights, reduction)


@operator("Training", "Losses", namespace="losses")
def mean_squared_error(labels, predictions, weights=None, reduction: int = Reduction.SUM_BY_NONZERO_WEIGHTS):
    """Computes `(labels - predictions)²`.

    Args:
        labels, predictions: tensors of one shape.
        weights, reduction: as for `compute_weighted_loss`.
    """
    _check_shapes(labels, predictions, "mean_squared_error")
    return compute_weighted_loss((labels - predictions) ** 2, weights, reduction)


@operator("Training", "Losses", namespace="losses")
def sigmoid_cross_entropy(
    multi_class_labels,
    logits,
    weights=None,
    label_smoothing: float = 0,
    reduction: int = Reduction.SUM_BY_NONZERO_WEIGHTS,
):
    """Computes the cross entropy between labels and `sigmoid(logits)`, where classes do not exclude each other.

    Args:
        multi_class_labels, logits: tensors of one shape.
        weights, reduction: as for `compute_weighted_loss`.
        label_smoothing: how far labels move towards ½, from 0 to 1.
    """
    _check_shapes(multi_class_labels, logits, "sigmoid_cross_entropy")
    labels = multi_class_labels
    if label_smoothing > 0:
        labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
    # ln(1 + e^x) without overflow: https://www.tensorflow.org/api_docs/python/tf/nn/sigmoid_cross_entropy_with_logits
    losses = torch.relu(logits) - logits * labels + torch.log1p(torch.exp(-absolute(logits)))
    return compute_weighted_loss(losses, weights, reduction)


@operator("Training", "Losses", namespace="losses")
def softmax_cross_entropy(
    onehot_labels,
    logits,
    weights=None,
    label_smoothing: float = 0,
    reduction: int = Reduction.SUM_BY_NONZERO_WEIGHTS,
):
    """Computes the cross entropy between labels and `softmax(logits)`, where classes exclude each other.

    Args:
        onehot_labels, logits: [..., classes], of one shape.
        weights, reduction: as for `compute_weighted_loss`; weights are broadcastable with the shape without classes.
        label_smoothing: how far labels move towards `1 / classes`, from 0 to 1.
    """
    _check_shapes(onehot_labels, logits, "softmax_cross_entropy")
    labels = onehot_labels.to(logits.dtype)
    if label_smoothing > 0:
        # TensorFlow.js counts the classes in the second dimension, whatever the rank.
        labels = labels * (1 - label_smoothing) + label_smoothing / labels.shape[1]
    return compute_weighted_loss(_SoftmaxCrossEntropy.apply(labels, logits), weights, reduction)


class _SoftmaxCrossEntropy(torch.autograd.Function):
    """The cross entropy with TensorFlow.js's gradients: ±(softmax - labels), for the labels as well as for the logits."""

    @staticmethod
    def forward(context: Any, labels: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        logarithms = torch.log_softmax(logits, -1)
        context.save_for_backward(labels, logarithms)
        return -(logarithms * labels).sum(-1)

    @staticmethod
    def backward(context: Any, *above: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        labels, logarithms = context.saved_tensors
        difference = above[0].unsqueeze(-1) * (logarithms.exp() - labels)
        return -difference, difference


def _check_shapes(labels: torch.Tensor, predictions: torch.Tensor, where: str) -> None:
    if labels.shape != predictions.shape:
        raise ShapeError(
            f"losses.{where}() expects labels and predictions of one shape, got {Shape(labels.shape)} and "
            f"{Shape(predictions.shape)}. Reshape one of them, or one-hot encode the labels."
        )
