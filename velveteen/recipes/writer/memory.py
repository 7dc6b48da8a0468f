"""What was read, as counts: a name that came up once comes up again, even if the network has never heard of it."""

from collections import deque

import numpy as np

SHORTEST, LONGEST = 3, 8
"""Characters of the contexts that are remembered. What follows shorter ones, the network knows better."""
TRUST = 30.0
"""How much the network counts beside what was seen; times of having seen, for each different character that followed."""
REMEMBERED = 200_000
"""Characters after which the oldest are forgotten."""


class Memory:
    """Counts what followed each context in the text that was read, and mixes it with what a network foretells.

    After a context that was seen n times, with k different characters behind it, the probability of a character that was
    there c times is (c + TRUST·k·p) / (n + TRUST·k). Here p is what comes of the next shorter context in the same way, and in
    the end what the network says. These are the sums of Witten and Bell ("The zero-frequency problem", 1991, method C) with
    the network for the shortest context, over a text that is still being read, as in Kuhn and De Mori, "A cache-based natural
    language model for speech recognition", 1990. The network itself stays as it is.
    """

    def __init__(self) -> None:
        self._followers: dict[str, dict[int, int]] = {}
        self._context = ""
        self._read: deque[tuple[str, int]] = deque()

    def mixed(self, probabilities: np.ndarray) -> np.ndarray:
        """Returns the probabilities of what comes next, given those of a network, both [symbols]."""
        result = probabilities.copy()
        for followers in self._known():
            kept = TRUST * len(followers)
            total = kept + sum(followers.values())
            result *= kept / total
            for number, count in followers.items():
                result[number] += count / total
        return result

    def probability(self, number: int, probabilities: np.ndarray) -> float:
        """Returns that of one symbol, as `mixed` has it."""
        result = float(probabilities[number])
        for followers in self._known():
            kept = TRUST * len(followers)
            result = (followers.get(number, 0) + kept * result) / (kept + sum(followers.values()))
        return result

    def take(self, number: int) -> None:
        """Remembers that this symbol came next."""
        for length in range(SHORTEST, len(self._context) + 1):
            followers = self._followers.setdefault(self._context[-length:], {})
            followers[number] = followers.get(number, 0) + 1
        self._read.append((self._context, number))
        if len(self._read) > REMEMBERED:
            self._forget(*self._read.popleft())
        self._context = (self._context + chr(number))[-LONGEST:]

    def _known(self) -> list[dict[int, int]]:
        """Returns what followed the contexts that end here, the shortest first."""
        found = []
        for length in range(SHORTEST, len(self._context) + 1):
            followers = self._followers.get(self._context[-length:])
            if followers is None:
                break  # nor was a longer one seen
            found.append(followers)
        return found

    def _forget(self, context: str, number: int) -> None:
        for length in range(SHORTEST, len(context) + 1):
            followers = self._followers[context[-length:]]
            followers[number] -= 1
            if not followers[number]:
                del followers[number]
            if not followers:
                del self._followers[context[-length:]]
