import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from velveteen import io
from velveteen.errors import ArgumentError, FileFormatError, UnknownNameError
from velveteen.tensors import Tensor


def test_bytes_are_those_of_tensorflowjs():
    encoded = io.encode_weights(
        {
            "f": Tensor([1.0, -2.0]),
            "i": Tensor([[258]], dtype="int32"),
            "b": Tensor([True, False]),
            "s": Tensor(["é", ""]),
            "c": Tensor(np.array([1 + 2j])),
        },
        "optimizer",
    )
    assert encoded.data == bytes.fromhex(
        "0000803f000000c0" + "02010000" + "0100" + "02000000c3a900000000" + "0000803f00000040"
    )
    assert encoded.specs[1] == {"name": "i", "shape": [1, 1], "dtype": "int32", "group": "optimizer"}


@pytest.mark.parametrize(
    "values",
    [
        np.float32([[1.5, np.nan], [np.inf, -0.0]]),
        np.int32([[-1], [2**31 - 1]]),
        np.array(True),
        np.array([["a", "日本"], ["", "x" * 300]], dtype=object),
        np.complex64([1 - 2j]),
        np.zeros((0, 3), np.float32),
    ],
)
def test_round_trip(values):
    encoded = io.encode_weights({"before": Tensor([True]), "w": Tensor(values), "after": Tensor(1.0)})
    half = len(encoded.data) // 2
    decoded = io.decode_weights([encoded.data[:half], encoded.data[half:]], encoded.specs)
    assert decoded["w"].dtype == Tensor(values).dtype
    assert decoded["w"].shape == values.shape
    np.testing.assert_array_equal(decoded["w"].numpy(), values)
    assert decoded["after"].array_sync() == 1.0


@settings(max_examples=25, deadline=None)
@given(arrays.arrays(np.float32, arrays.array_shapes(max_dims=4, max_side=4), elements=st.floats(width=32)))
def test_round_trip_of_any_floats(values):
    decoded = io.decode_weights(*io.encode_weights([("w", values)]))
    np.testing.assert_array_equal(decoded["w"].numpy(), values)


@pytest.mark.parametrize(
    ("dtype", "bytes_each", "tolerance"), [("uint8", 1, 1 / 255), ("uint16", 2, 1 / 65535), ("float16", 2, 1e-3)]
)
def test_quantized_saving(dtype, bytes_each, tolerance):
    values = np.random.default_rng(0).uniform(-1, 3, (20, 5)).astype(np.float32)
    values[0] = 0
    encoded = io.encode_weights({"w": values, "i": Tensor([1, 2], dtype="int32")}, quantization=dtype)
    assert len(encoded.data) == 100 * bytes_each + 8
    decoded = io.decode_weights(*encoded)
    assert np.abs(decoded["w"].numpy() - values).max() <= 4 * tolerance
    assert (decoded["w"].numpy()[0] == 0).all()
    assert decoded["i"].array_sync() == [1, 2]


def test_dequantized_as_tensorflowjs_does():
    def spec(dtype, quantization):
        return [{"name": "w", "shape": [2], "dtype": dtype, "quantization": quantization}]

    def decode(data, specs):
        return io.decode_weights(bytes.fromhex(data), specs)["w"].array_sync()

    assert decode("00ff", spec("float32", {"dtype": "uint8", "min": -1, "scale": 0.5})) == [-1.0, 126.5]
    assert decode("0000ffff", spec("float32", {"dtype": "uint16", "min": 1, "scale": 1})) == [1.0, 65536.0]
    assert decode("003c00c0", spec("float32", {"dtype": "float16"})) == [1.0, -2.0]
    # JavaScript's Math.round takes 0.5 to 1 and -0.5 to 0.
    assert decode("0100", spec("int32", {"dtype": "uint8", "min": -0.5, "scale": 1})) == [1, 0]


def test_misspelt_quantization():
    with pytest.raises(ArgumentError, match=r'"uint8", "uint16" or "float16", got \'int8\''):
        io.encode_weights({"w": [1.0]}, quantization="int8")


def test_a_weight_that_is_not_finite_cannot_be_quantized():
    with pytest.raises(ArgumentError, match="NaN or infinity"):
        io.encode_weights({"w": [np.nan]}, quantization="uint8")


@pytest.mark.parametrize("size", [0, 7, 9])
def test_another_number_of_bytes(size):
    with pytest.raises(FileFormatError, match=f"need 8 bytes, but there are {size}"):
        io.decode_weights(bytes(size), [{"name": "w", "shape": [2], "dtype": "float32"}])


@pytest.mark.parametrize("data", ["05000000 6161", "01000000 ff", "00000000 00"])
def test_damaged_strings(data):
    with pytest.raises(FileFormatError):
        io.decode_weights(bytes.fromhex(data), [{"name": "w", "shape": [1], "dtype": "string"}])


def test_unknown_dtype():
    with pytest.raises(UnknownNameError, match=r'"float64".*Did you mean "float32"'):
        io.decode_weights(b"", [{"name": "w", "shape": [0], "dtype": "float64"}])


def test_get_weight_specs():
    assert io.get_weight_specs([{"paths": [], "weights": [1, 2]}, {"paths": [], "weights": [3]}]) == [1, 2, 3]
