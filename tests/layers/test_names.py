"""Every layer is where TensorFlow.js's programs look for it."""

import csv

import pytest

from tests.conftest import conformance_folder
from velveteen import layers
from velveteen.layers import Layer
from velveteen.serialization import find_class


def test_required_names_are_there():
    folder = conformance_folder()
    if folder is None:
        pytest.skip("the list of names is not beside this checkout")
    with (folder / "api.csv").open(newline="") as file:
        names = [
            row[2].removeprefix("layers.") for row in csv.reader(file) if row[0] == "layers" and row[3] == "required"
        ]
    assert len(names) > 70
    missing = {name for name in names if not hasattr(layers, name)}
    assert missing <= {"conv_lstm2d", "conv_lstm2d_cell"}  # the only ones that are still to come


@pytest.mark.parametrize(
    ("saved", "cls"),
    [
        ("Conv2D", layers.Conv2d),
        ("Conv2DTranspose", layers.Conv2dTranspose),
        ("MaxPooling2D", layers.MaxPooling2d),
        ("GlobalAveragePooling1D", layers.GlobalAveragePooling1d),
        ("LeakyReLU", layers.LeakyRelu),
        ("PReLU", layers.Prelu),
        ("SpatialDropout1D", layers.SpatialDropout1d),
        ("BatchNormalization", layers.BatchNormalization),
    ],
)
def test_names_in_files(saved, cls):
    assert find_class(saved, Layer, "layer") is cls


def test_names_of_layers_are_tensorflowjs():
    assert layers.conv2d(1, 1).name.startswith("conv2d_")
    assert layers.max_pooling2d().name.startswith("max_pooling2d_")
    assert layers.leaky_relu().name.startswith("leaky_re_lu_")


def test_what_families_share_is_no_layer_of_a_file():
    with pytest.raises(ValueError, match=r'Unknown layer "_Pooling"'):
        find_class("_Pooling", Layer, "layer")
