"""The public namespace: what is there, what a misspelt name is told, and that importing costs nothing."""

import csv
import subprocess
import sys
import types

import pytest

import velveteen as vt
from tests.conftest import conformance_folder
from velveteen.ops._operator import REGISTRY


@pytest.mark.parametrize(
    ("name", "hint"),
    [("matmul", "mat_mul"), ("tensr", "tensor"), ("expandDims", "expand_dims"), ("sequental", "sequential")],
)
def test_misspelt_names_are_told_the_nearest(name, hint):
    with pytest.raises(AttributeError, match=rf'velveteen has no "{name}"\. Did you mean "{hint}"\?'):
        getattr(vt, name)


def test_importing_loads_no_torch_until_it_is_used():
    program = (
        "import sys, velveteen as vt; assert 'torch' not in sys.modules and 'numpy' not in sys.modules; "
        "vt.__version__; assert 'torch' not in sys.modules; assert vt.add(1, 2).array_sync() == 3"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_operator_is_where_the_reference_has_it():
    for name, registered in REGISTRY.items():
        found = vt
        for part in name.split("."):
            found = getattr(found, part)
        assert found is registered.function, name
        assert registered.heading and found.__doc__, name
        if registered.method:
            assert name.split(".")[-1] in vt.Tensor.operators


def test_files_of_operators_are_no_places_of_the_namespace():
    modules = {name for name in dir(vt) if isinstance(getattr(vt, name), types.ModuleType)}
    assert not modules & {"arithmetic", "basic_math", "slicing", "random", "methods", "reduction"}


_OF_GRAPH_MODELS = {"GraphModel", "load_graph_model", "register_op", "deregister_op"}


def test_names_are_complete():
    folder = conformance_folder()
    if folder is None:
        pytest.skip("the list of TensorFlow.js's names is not beside this checkout")
    with open(folder / "api.csv") as file:
        rows = [row for row in csv.reader(file) if row[3] == "required"]
    missing = []
    for place, _, name, *_ in rows:
        if place in ("Tensor", "top") and name not in _OF_GRAPH_MODELS:
            found = vt
            for part in name.split("."):
                found = getattr(found, part, None)
            if found is None:
                missing.append(name)
    assert not missing
