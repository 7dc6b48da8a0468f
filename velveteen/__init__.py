"""velveteen: TensorFlow.js's API in Python, trained at PyTorch speed, saved in TensorFlow.js's own files.

`import velveteen as vt`. The public names are those of `velveteen._api`; they load on first use, so that importing
velveteen (and `velveteen --help`) costs next to nothing.
"""

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from velveteen import _allocator

__version__ = "0.1.0"

_allocator.tune()  # before PyTorch is loaded

if TYPE_CHECKING:
    from velveteen._api import *  # noqa: F403


def __getattr__(name: str) -> Any:
    if not name.startswith("_") and importlib.util.find_spec(f"velveteen.{name}"):
        return importlib.import_module(f"velveteen.{name}")
    if name.startswith("__"):
        raise AttributeError(name)
    api = importlib.import_module("velveteen._api")
    if not hasattr(api, name):
        from velveteen.errors import did_you_mean

        raise AttributeError(f'velveteen has no "{name}".{did_you_mean(name, dir(api))}')
    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted(name for name in dir(importlib.import_module("velveteen._api")) if not name.startswith("_"))
