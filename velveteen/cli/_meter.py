"""A bar on the terminal that follows the loudness of a microphone."""

from collections.abc import Callable
from typing import Any


class Meter:
    """Shows the bar below what is printed meanwhile; entered, it gives the function to call with decibels of full scale.

    Args:
        wanted: whether to show it; if not, entering gives None.
    """

    _LOWEST, _WIDTH = -60.0, 40
    _LOUD, _TOO_LOUD = -10.0, -3.0

    def __init__(self, wanted: bool):
        self._live: Any = None
        if wanted:
            from rich.live import Live

            self._live = Live(transient=True, refresh_per_second=15)

    def __enter__(self) -> Callable[[float], None] | None:
        if self._live is None:
            return None
        self._live.__enter__()
        return self._show

    def __exit__(self, *error: Any) -> None:
        if self._live is not None:
            self._live.__exit__(*error)

    def _show(self, decibels: float) -> None:
        from rich.text import Text

        filled = round(self._WIDTH * min(1.0, max(0.0, 1 - decibels / self._LOWEST)))
        color = "red" if decibels > self._TOO_LOUD else "yellow" if decibels > self._LOUD else "green"
        bar = Text("level ") + Text("━" * filled, color) + Text("━" * (self._WIDTH - filled), "bright_black")
        self._live.update(bar + Text(f" {max(decibels, -99.0):4.0f} dB"))
