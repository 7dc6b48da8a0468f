"""The network of the talk: two LSTM layers of 512, and a softmax over the alphabet."""

from typing import Any

import velveteen as vt


def network(
    symbols: int,
    *,
    units: int = 512,
    layers: int = 2,
    embedding: int = 0,
    dropout: float = 0.5,
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
        streams: the batch size of a network that keeps its state from batch to batch; None for one that does not.
        last_only: whether only the character after the whole sequence is wanted.
    """
    batch: dict[str, Any] = {"batch_input_shape": [streams, None] if embedding else [streams, None, symbols]}
    net = vt.sequential()
    if embedding:
        net.add(
            vt.layers.embedding(
                symbols, embedding, embeddings_initializer=vt.initializers.random_normal(stddev=1.0), **batch
            )
        )
        net.add(vt.layers.dropout(dropout / 2))
    for number in range(layers):
        net.add(
            vt.layers.lstm(
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
    text = x = vt.input(list(saved.inputs[0].shape[1:]))
    for layer in saved.layers:
        if isinstance(layer, vt.layers.InputLayer):
            continue
        result = layer.apply(x)
        x = result[0] if isinstance(result, list) else result
    return vt.model(text, x)
