"""The network of the talk: two LSTM layers of 512, and a softmax over the alphabet."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch

import velveteen as vt


class WeightDroppedLSTM(vt.layers.LSTM):
    """An LSTM for training, which leaves out a random part of its recurrent kernel in each step of the optimizer.

    Source: Merity, Keskar and Socher, "Regularizing and Optimizing LSTM Language Models", 2018, section 2.

    Args:
        units: the size of the state.
        weight_dropout: the part of the recurrent kernel's numbers that is left out.
        options: those of an LSTM.
    """

    def __init__(self, units: int, *, weight_dropout: float = 0.5, **options: Any):
        super().__init__(units, **options)
        self.weight_dropout = weight_dropout

    def sequence_kernels(self) -> tuple[torch.Tensor, torch.Tensor]:
        kernel, recurrent = super().sequence_kernels()
        return kernel, vt.dropout(recurrent, self.weight_dropout) if self.training else recurrent


def network(
    symbols: int,
    *,
    units: int = 512,
    layers: int = 2,
    embedding: int = 0,
    dropout: float = 0.5,
    weight_dropout: float = 0.0,
    streams: int | None = None,
    last_only: bool = False,
) -> vt.Sequential:
    """Returns the network to train: characters in, probabilities of the next character out.

    Shapes: [batch, time, symbols] one-hot (with `embedding`, [batch, time] of numbers) → [batch, time, symbols], or
    [batch, symbols] with `last_only`.

    Args:
        symbols: the size of the alphabet.
        units: of each LSTM layer, its state's size.
        layers: how many of them.
        embedding: the size of a vector that is learned for each symbol; 0 for one-hot vectors.
        dropout: the share of values that each training step leaves out between layers.
        weight_dropout: the share of each LSTM's recurrent weights that each training step leaves out.
        streams: the batch size of a network that keeps its state from batch to batch; None for one that does not.
        last_only: whether only the character after the whole sequence is wanted.
    """
    batch: dict[str, Any] = {"batch_input_shape": [streams, None] if embedding else [streams, None, symbols]}
    net = vt.sequential()
    lstm = partial(WeightDroppedLSTM, weight_dropout=weight_dropout) if weight_dropout else vt.layers.lstm
    if embedding:
        net.add(
            vt.layers.embedding(
                symbols, embedding, embeddings_initializer=vt.initializers.random_normal(stddev=1.0), **batch
            )
        )
        net.add(vt.layers.dropout(dropout / 2))
    for number in range(layers):
        net.add(
            lstm(
                units,
                unit_forget_bias=True,
                return_sequences=not last_only or number < layers - 1,
                stateful=streams is not None,
                **(batch if number == 0 and not embedding else {}),
            )
        )
        net.add(vt.layers.dropout(dropout))
    net.add(vt.layers.dense(symbols, activation="softmax"))
    return net


def with_states(symbols: int, *, units: int = 512, layers: int = 2, embedding: int = 0) -> Any:
    """Returns the network to save, with the same weights: it takes and returns its state, so that a browser can keep it.

    Inputs: what `network` takes, then h and c of each LSTM layer, [batch, units] each. Outputs: the probabilities
    [batch, time, symbols], then the new h and c of each layer.
    """
    text = vt.input([None], name="text") if embedding else vt.input([None, symbols], name="text")
    x = vt.layers.embedding(symbols, embedding).apply(text) if embedding else text
    states_in, states_out = [], []
    for number in range(1, layers + 1):
        before = [vt.input([units], name=f"{part}{number}") for part in "hc"]
        lstm = vt.layers.lstm(units, unit_forget_bias=True, return_sequences=True, return_state=True)
        x, *after = lstm.apply(x, initial_state=before)
        states_in += before
        states_out += after
    probabilities = vt.layers.dense(symbols, activation="softmax").apply(x)
    return vt.model([text, *states_in], [probabilities, *states_out])


def without_states(saved: Any) -> Any:
    """Returns a network with the very layers of a saved one, that begins with a state of zeros and tells none."""
    text = vt.input(list(saved.inputs[0].shape[1:]))
    return vt.model(text, _called_again(saved, [text], lambda layer, x: layer.apply(x))[0])


def combined(members: Sequence[Any]) -> Any:
    """Returns one network to save, whose probabilities are the mean of those of several, with copies of their weights.

    Inputs: the text, then h and c of each LSTM layer of the first member, of the second one, and so on. Outputs: the
    probabilities, then the new h and c in the same order.

    Args:
        members: saved networks that take the same text and have the same symbols.
    """

    def copied(layer: Any, x: Any) -> Any:
        config = layer.get_config()
        del config["name"]  # members have layers of the same names
        copy = type(layer).from_config(config)
        result = copy.apply(x)
        copy.set_weights(layer.get_weights())
        return result

    text = vt.input(list(members[0].inputs[0].shape[1:]), name="text")
    probabilities, states_in, states_out = [], [], []
    for number, member in enumerate(members, 1):
        before = [vt.input(list(state.shape[1:]), name=f"{state.name}_{number}") for state in member.inputs[1:]]
        predicted, *after = _called_again(member, [text, *before], copied)
        probabilities.append(predicted)
        states_in += before
        states_out += after
    return vt.model([text, *states_in], [vt.layers.average().apply(probabilities), *states_out])


def _called_again(saved: Any, inputs: Sequence[Any], call: Callable[[Any, Any], Any]) -> list[Any]:
    """Returns the outputs of a network's layers, called with other inputs; those that are not given are left out."""
    values = {id(tensor): given for tensor, given in zip(saved.inputs, inputs, strict=False)}
    for node in saved.graph.nodes:
        if isinstance(node.layer, vt.layers.InputLayer):
            continue
        sources = [values[id(tensor)] for tensor in node.inputs if id(tensor) in values]
        results = call(node.layer, sources if len(sources) > 1 else sources[0])
        results = results if isinstance(results, list) else [results]
        values |= {id(tensor): result for tensor, result in zip(node.outputs, results, strict=False)}
    return [values[id(tensor)] for tensor in saved.outputs if id(tensor) in values]
