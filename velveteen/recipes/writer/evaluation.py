"""How well a network foretells a text: nats a character, each character scored once, the state carried along."""

from typing import Any

import numpy as np

from velveteen.recipes.writer.data import embed

STREAMS = 32
"""Parts of a text that are read at once."""
WARM_UP = 256
"""Characters before its own part that each stream reads without being scored, so that it has a state to go on from."""
CHUNK = 256


def nats_per_char(saved: Any, text: np.ndarray, before: np.ndarray) -> float:
    """Returns the mean of -ln(probability) over all characters of a text.

    Args:
        saved: the network with states, see `model.with_states`.
        text: the numbers of its characters, [characters].
        before: what comes before the text, at least one character; it is read but not scored.
    """
    symbols = saved.outputs[0].shape[-1]
    one_hot = len(saved.inputs[0].shape) == 3
    first = min(len(before), WARM_UP)
    whole = np.concatenate([before[len(before) - first :], text])
    streams = min(STREAMS, max(1, len(text) // (4 * WARM_UP)))
    each = -(-len(text) // streams)
    offsets = np.arange(-WARM_UP, each)
    places = first + each * np.arange(streams)[:, None] + offsets  # of what is foretold: [streams, warm-up + part]
    is_scored = (offsets >= 0) & (places < len(whole))
    targets = whole[np.clip(places, 0, len(whole) - 1)]
    inputs = whole[np.clip(places - 1, 0, len(whole) - 1)]
    states: list[Any] = [np.zeros((streams, state.shape[-1]), np.float32) for state in saved.inputs[1:]]
    total = 0.0
    for begin in range(0, len(offsets), CHUNK):
        window = slice(begin, begin + CHUNK)
        probabilities, *states = saved.predict_on_batch([embed(inputs[:, window], symbols, one_hot), *states])
        right = np.take_along_axis(probabilities.numpy(), targets[:, window, None], axis=2)[..., 0]
        total -= np.log(np.maximum(right, 1e-30))[is_scored[:, window]].sum(dtype=np.float64)
    return float(total / len(text))
