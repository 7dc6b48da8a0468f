"""Alea, the random numbers that TensorFlow.js shuffles with, so that a seed gives the same order in both.

Source: Johannes Baagøe, "Better random numbers for JavaScript" (2010): a lagged multiply-with-carry generator.
"""

_TO_FRACTION = 2.0**-32


class Alea:
    """Random numbers from a seed, of 32 bits each."""

    def __init__(self, seed: str):
        mash = _Mash()
        first = [mash(" ") for _ in range(3)]
        self._state = [(value - mash(seed)) % 1.0 for value in first]
        self._carry = 1

    def random(self) -> float:
        """Returns the next number, at least 0 and less than 1."""
        state = self._state
        product = 2091639 * state[0] + self._carry * _TO_FRACTION
        self._carry = int(product)
        self._state = [state[1], state[2], product - self._carry]
        return self._state[2]

    def int32(self) -> int:
        """Returns the next number as a signed integer of 32 bits."""
        value = int(self.random() * 2**32)
        return value - 2**32 if value >= 2**31 else value


class _Mash:
    """Turns text into fractions, each depending on all text so far."""

    def __init__(self) -> None:
        self._sum = float(0xEFC8249D)

    def __call__(self, text: str) -> float:
        units = text.encode("utf-16-le")  # JavaScript's characters
        for at in range(0, len(units), 2):
            self._sum += units[at] + 256 * units[at + 1]
            fraction = 0.02519603282416938 * self._sum
            self._sum = float(int(fraction))
            fraction = (fraction - self._sum) * self._sum
            self._sum = float(int(fraction))
            self._sum += (fraction - self._sum) * 2**32
        return int(self._sum) % 2**32 * _TO_FRACTION
