"""The relu between a convolution and a max pooling, computed after the pooling: of fewer values, with the same result."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch

from velveteen import activations
from velveteen.layers.convolutional import _Convolution
from velveteen.layers.pooling import MaxPooling1d, MaxPooling2d, MaxPooling3d

_POOLINGS = (MaxPooling1d, MaxPooling2d, MaxPooling3d)


class _PooledRelu:
    """A max pooling that ends with relu."""

    def __init__(self, pooling: Any):
        self.name = pooling.name
        self._pooling = pooling

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self._pooling(x))


def with_late_relu(steps: Sequence[Any], outputs: Sequence[int]) -> list[Any]:
    """Returns a program (see `Graph.steps`) in which relu comes after the pooling, where nobody else reads the relu.

    `max(relu(x))` is `relu(max(x))`. So are the gradients, as long as the pooling gives its gradient to the first of the
    largest: where that one is positive it is the same; where none is positive, relu lets no gradient through.
    """
    changed = list(steps)
    maker_of = {slot: place for place, step in enumerate(steps) for slot in step.outputs}
    reads = Counter([*outputs, *(slot for step in steps for slot in step.inputs)])
    for place, step in enumerate(steps):
        if type(step.layer) not in _POOLINGS or reads[step.inputs[0]] > 1:
            continue
        made_at = maker_of.get(step.inputs[0])
        if made_at is not None and _ends_with_relu(steps[made_at].layer):
            changed[made_at] = changed[made_at]._replace(layer=steps[made_at].layer.before_activation)
            changed[place] = step._replace(layer=_PooledRelu(step.layer))
    return changed


def _ends_with_relu(layer: Any) -> bool:
    is_plain = isinstance(layer, _Convolution) and type(layer).call is _Convolution.call
    return is_plain and layer.activation is activations.relu
