"""Operations / Evaluation: the namespace `math`."""

import torch

from velveteen.errors import ArgumentError, ShapeError
from velveteen.ops._operator import operator
from velveteen.tensors import Shape


@operator("Operations", "Evaluation", namespace="math")
def confusion_matrix(labels, predictions, num_classes: int):
    """Counts how often each class was taken for which.

    Args:
        labels, predictions: [examples], whole numbers; examples with a class outside of 0 … num_classes - 1 do not count.
        num_classes: how many classes there are.

    Returns:
        int32 [num_classes, num_classes]: a row for each label, a column for each prediction.
    """
    if not isinstance(num_classes, int) or num_classes < 1:
        raise ArgumentError(f"confusion_matrix() expects num_classes as a positive integer, got {num_classes!r}.")
    if labels.dim() != 1 or labels.shape != predictions.shape:
        raise ShapeError(
            "confusion_matrix() expects labels and predictions of one shape [examples], got "
            f"{Shape(labels.shape)} and {Shape(predictions.shape)}. Use .arg_max(-1) on one-hot rows."
        )
    labels, predictions = labels.to(torch.int32).long(), predictions.to(torch.int32).long()
    known = (labels >= 0) & (labels < num_classes) & (predictions >= 0) & (predictions < num_classes)
    cells = labels[known] * num_classes + predictions[known]
    counts = torch.bincount(cells, minlength=num_classes * num_classes)
    return counts.reshape(num_classes, num_classes).to(torch.int32)
