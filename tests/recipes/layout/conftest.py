import pytest

from tests import _javascript
from tools import chromium


@pytest.fixture(scope="session")
def needs_chromium():
    """Skips, or in CI fails, where there is no browser."""
    if chromium.chromium_path() is None:
        _javascript._lacking("Chromium or Chrome")
