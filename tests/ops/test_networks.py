"""Operators of networks, images, signals, losses and strings answer as TensorFlow.js did when record_networks.js asked it."""

import json
from pathlib import Path

import pytest

from tests.conformance.cases import check_case

CASES = json.loads(Path(__file__).with_name("networks.json").read_text())


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case['op']}-{n}") for n, case in enumerate(CASES)])
def test_recorded(case):
    check_case(case)
