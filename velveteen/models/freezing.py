"""A copy of a model that only predicts: with weights of its own, and batch normalization folded into the layer before."""

from collections import Counter
from typing import Any

import torch
from torch import nn

from velveteen import activations
from velveteen.layers.convolutional import _DenseConvolution, _TransposedConvolution
from velveteen.layers.core import Dense
from velveteen.layers.normalization import BatchNormalization
from velveteen.layers.weights import weights_come_later
from velveteen.models.graph import Graph, Step


def frozen_copy(model: Any) -> Any:
    """Returns a model of the same layers with copies of the weights."""
    state = model.state_dict()
    with weights_come_later(sum(value.numel() for value in state.values())):
        copy = type(model).from_config(model.get_config())
    copy.load_state_dict(state)
    return copy.requires_grad_(False).eval()


@torch.no_grad()
def fold_batch_normalization(model: Any) -> int:
    """Lets dense layers and convolutions do what the batch normalization right behind them does; returns how often.

    `gamma·(x @ kernel + bias - mean) / sqrt(variance + epsilon) + beta` is a dense layer with another kernel and bias.
    A layer with an activation of its own, or whose output is used elsewhere too, stays as it is.

    Args:
        model: a copy, whose weights and graph change.
    """
    graph: Graph = model.graph
    folded = 0
    for step in list(graph.steps):
        maker = _maker(graph, step) if isinstance(step.layer, BatchNormalization) else None
        if maker is not None:
            _fold(maker.layer, step.layer)
            graph.steps[graph.steps.index(maker)] = maker._replace(outputs=step.outputs)
            graph.steps.remove(step)
            folded += 1
    return folded


def _maker(graph: Graph, step: Step) -> Step | None:
    """Returns the call whose output this normalization is the only one to use, if the two can be one."""
    (slot,) = step.inputs
    makers = [each for each in graph.steps if slot in each.outputs]
    calls = Counter(id(each.layer) for each in graph.steps)
    readers = sum(each.inputs.count(slot) for each in graph.steps) + graph._output_slots.count(slot)
    if len(makers) != 1 or readers != 1 or calls[id(makers[0].layer)] != 1 or calls[id(step.layer)] != 1:
        return None
    layer = makers[0].layer
    if not isinstance(layer, Dense | _DenseConvolution) or layer.activation is not activations.linear:
        return None
    rank = len(layer.inbound_nodes[0].outputs[0].shape)
    channels = 1 if getattr(layer, "channels_first", False) else rank - 1
    return makers[0] if step.layer.axis % rank == channels else None


def _fold(layer: Any, normalization: BatchNormalization) -> None:
    # In float64: the folded weights are then as exact as float32 can have them.
    mean, variance = normalization.moving_mean.double(), normalization.moving_variance.double()
    scale = (variance + normalization.epsilon).rsqrt()
    if normalization.gamma is not None:
        scale = scale * normalization.gamma
    bias = -mean if layer.bias is None else layer.bias - mean
    bias = bias * scale if normalization.beta is None else bias * scale + normalization.beta
    outputs = 1 if isinstance(layer, _TransposedConvolution) else 0
    shape = [-1 if axis == outputs else 1 for axis in range(layer.kernel.dim())]
    layer.kernel.copy_(layer.kernel * scale.view(shape))
    layer.use_bias = True
    layer.bias = nn.Parameter(bias.to(layer.kernel.dtype), requires_grad=False)
