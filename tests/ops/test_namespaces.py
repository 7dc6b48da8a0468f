"""What recordings cannot hold: random dropout, pictures, padding n-grams, gradients, and what wrong calls are told."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

import velveteen as vt
from velveteen.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    DtypeError,
    FileFormatError,
    MissingFileError,
    ShapeError,
    UnknownNameError,
)

PICTURE = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


def png(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "png")
    return buffer.getvalue()


# Dropout


def test_dropout_keeps_the_mean_and_repeats_with_a_seed():
    x = vt.ones([100, 100])
    once, again = vt.dropout(x, 0.3, None, 7), vt.dropout(x, 0.3, None, 7)
    assert np.array_equal(once.numpy(), again.numpy())
    assert set(np.unique(once.numpy().round(4))) == {0.0, np.float32(1.4286)}
    assert abs(float(once.mean()) - 1) < 0.05
    assert abs(float(vt.dropout(x, 0.3).mean()) - 1) < 0.05


def test_dropout_of_whole_columns():
    kept = vt.dropout(vt.ones([50, 40]), 0.5, [1, None]).numpy()
    assert (kept == kept[0]).all()
    assert 0 < (kept[0] == 0).sum() < 40


@pytest.mark.parametrize("rate", [1, -0.1])
def test_dropout_of_a_wrong_rate(rate):
    with pytest.raises(ArgumentError, match="at least 0 and less than 1"):
        vt.dropout([1.0], rate)


# Pictures


@pytest.mark.parametrize("kind", ["array", "path", "bytes", "pil", "dict"])
def test_pictures_from_anywhere(kind, tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(png(PICTURE))
    rgba = np.concatenate([PICTURE, np.full((2, 3, 1), 255, np.uint8)], 2)
    sources = {
        "array": PICTURE,
        "path": path,
        "bytes": png(PICTURE),
        "pil": Image.fromarray(PICTURE),
        "dict": {"data": rgba.reshape(-1), "width": 3, "height": 2},
    }
    tensor = vt.image.from_pixels(sources[kind])
    assert (tensor.dtype, tensor.shape) == ("int32", [2, 3, 3])
    assert np.array_equal(tensor.numpy(), PICTURE)


def test_channels_of_a_picture():
    assert vt.image.from_pixels(PICTURE, 1).numpy()[:, :, 0].tolist() == PICTURE[:, :, 0].tolist()
    assert (vt.image.from_pixels(PICTURE, 4).numpy()[:, :, 3] == 255).all()
    with pytest.raises(ArgumentError, match="from 1 to 4"):
        vt.image.from_pixels(PICTURE, 5)


def test_a_tensor_becomes_a_picture(tmp_path):
    path = tmp_path / "out.png"
    flat = vt.image.to_pixels(vt.tensor([[0.0, 0.5, 1.0]]), path)
    assert flat.tolist() == [0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255]
    assert np.asarray(Image.open(path))[0, :, 0].tolist() == [0, 128, 255]
    assert vt.image.to_pixels(vt.image.from_pixels(PICTURE)).reshape(2, 3, 4)[:, :, :3].tolist() == PICTURE.tolist()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: vt.image.from_pixels("nowhere.png"), MissingFileError, "no picture"),
        (lambda: vt.image.from_pixels(b"no picture"), FileFormatError, "Cannot read these bytes"),
        (lambda: vt.image.from_pixels(png(PICTURE)[:40]), FileFormatError, "Cannot read"),
        (lambda: vt.image.from_pixels(3), ArgumentTypeError, "a path, bytes, a PIL image or an array"),
        (lambda: vt.image.from_pixels(np.zeros([2, 2, 5], np.uint8)), ShapeError, "1, 3 or 4 channels"),
        (lambda: vt.image.from_pixels({"data": [1], "width": 1, "height": 1}), ShapeError, r"\[1, 1, 4\]"),
        (lambda: vt.image.to_pixels(vt.tensor([[2.0]])), DataError, "from 0 to 1"),
        (lambda: vt.image.to_pixels(vt.zeros([2])), ShapeError, r"got shape \[2\]"),
        (lambda: vt.image.resize_bilinear(vt.zeros([2, 2]), [3, 3]), ShapeError, "rank 3 or 4"),
        (lambda: vt.image.resize_bilinear(vt.zeros([1, 2, 2, 1]), [3]), ArgumentError, "new height and new width"),
        (lambda: vt.image.resize_nearest_neighbor(vt.zeros([1, 2, 2, 1]), [3, 3], True, True), ArgumentError, "either"),
        (lambda: vt.image.flip_left_right(vt.zeros([2, 2, 1])), ShapeError, "expand_dims"),
        (lambda: vt.image.grayscale_to_rgb(vt.zeros([2, 2])), ShapeError, "last dimension of size 1"),
        (lambda: vt.image.rgb_to_grayscale(vt.zeros([2, 2])), ShapeError, "last dimension of size 3"),
        (lambda: vt.image.threshold(vt.zeros([2, 2, 2])), ShapeError, "1 or 3 channels"),
        (lambda: vt.image.threshold(vt.zeros([2, 2, 1]), "ostu"), ArgumentError, '"binary" or "otsu"'),
        (lambda: vt.image.transform(vt.zeros([2, 2, 2, 1]), vt.zeros([3, 8])), ShapeError, r"\[1, 8\] or \[2, 8\]"),
        (
            lambda: vt.image.transform(vt.zeros([1, 2, 2, 1]), vt.zeros([1, 8]), "nearest", "reflekt"),
            UnknownNameError,
            'Did you mean "reflect"',
        ),
        (
            lambda: vt.image.crop_and_resize(vt.zeros([1, 2, 2, 1]), vt.zeros([2, 4]), [0], [2, 2]),
            ShapeError,
            "box_ind",
        ),
        (lambda: vt.image.non_max_suppression(vt.zeros([2, 4]), vt.zeros([3]), 1), ShapeError, "scores"),
        (lambda: vt.image.non_max_suppression(vt.zeros([2, 4]), vt.zeros([2]), 1, 1.5), ArgumentError, "from 0 to 1"),
    ],
)
def test_wrong_images_are_told(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_transform_works_on_every_picture_of_a_batch():
    """TensorFlow.js's CPU backend stops after the first picture; its GPU backend does not."""
    x = np.random.default_rng(0).random((2, 3, 3, 1), dtype=np.float32)
    same = vt.image.transform(x, [[1, 0, 0, 0, 1, 0, 0, 0]])
    assert np.array_equal(same.numpy(), x)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("resize", ["resize_bilinear", "resize_nearest_neighbor"])
def test_gradients_of_resizing_by_finite_differences(resize, half):
    x = torch.rand(2, 3, 4, 1, dtype=torch.float32, requires_grad=True)
    weights = torch.rand(2, 5, 7, 1)

    def value(x):
        return (getattr(vt.image, resize)(x, [5, 7], False, half) * weights).sum()

    value(x).backward()
    direction = torch.rand_like(x)
    with torch.no_grad():
        difference = (value(x + direction) - value(x - direction)) / 2  # both are linear
    torch.testing.assert_close((x.grad * direction).sum(), difference, rtol=1e-4, atol=1e-4)


# Strings


def test_n_grams_with_padding():
    answer = vt.string.string_ngrams(["a", "b", "c", "d"], [0, 3, 3, 4], "|", [2, 3], "L", "R", -1, False)
    assert answer.n_grams.array_sync()[:6] == ["L|a", "a|b", "b|c", "c|R", "L|L|a", "L|a|b"]
    assert answer.n_grams_splits.array_sync() == [0, 9, 12, 17]


def test_short_rows_can_stay_as_they_are():
    answer = vt.string.string_ngrams(["a", "b", "c"], [0, 1, 3], " ", [4], "", "", 0, True)
    assert answer.n_grams.array_sync() == ["a", "b c"]


def test_splits_by_rows():
    answer = vt.string.string_split(["a b", "", "c"], " ")
    assert answer.values.array_sync() == ["a", "b", "c"]
    assert answer.indices.array_sync() == [[0, 0], [0, 1], [2, 0]]
    assert answer.shape.array_sync() == [3, 2]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: vt.string.static_regex_replace(["a"], "(", "b"), ArgumentError, "cannot be read"),
        (lambda: vt.string.string_to_hash_bucket_fast(["a"], 0), ArgumentError, "at least one bucket"),
        (lambda: vt.string.string_to_hash_bucket_fast([1.0], 3), DtypeError, "expects string"),
        (lambda: vt.string.string_split([["a"]], " "), ShapeError, "rank 1"),
        (lambda: vt.string.string_ngrams(["a"], [0, 2], "", [1], "", "", 0, False), ArgumentError, "from 0 to 1"),
        (lambda: vt.sparse.sparse_segment_sum(vt.ones([3]), [0, 1], [1, 0]), ArgumentError, "ascending"),
        (lambda: vt.sparse.sparse_segment_mean(vt.ones([3]), [0, 7], [0, 1]), ArgumentError, "from 0 to 2"),
        (lambda: vt.sparse.sparse_reshape([[0, 0]], [2, 3], [4, -1]), ShapeError, "must stay"),
        (lambda: vt.sparse.sparse_reshape([[0, 0]], [2, 3], [-1, -1]), ArgumentError, "at most one"),
        (lambda: vt.sparse.sparse_fill_empty_rows([[9, 0]], [1.0], [3, 3], 0.0), ArgumentError, "from 0 to 2"),
        (lambda: vt.sparse.sparse_fill_empty_rows([[0, 0]], ["a"], [3, 3], 0.0), DtypeError, "both as strings"),
        (lambda: vt.spectral.fft([1.0, 2.0]), DtypeError, "complex64"),
        (lambda: vt.signal.frame(vt.ones([2, 2]), 1, 1), ShapeError, "Flatten"),
        (lambda: vt.signal.frame(vt.ones([2]), 0, 1), ArgumentError, "positive"),
        (lambda: vt.linalg.qr(vt.ones([2])), ShapeError, "rank 2 or more"),
        (lambda: vt.linalg.band_part(vt.ones([2, 2]), 3, 0), ArgumentError, "at most 2"),
        (lambda: vt.linalg.gram_schmidt(vt.ones([3, 2])), ShapeError, "Leave some out"),
        (lambda: vt.math.confusion_matrix([0, 1], [0], 2), ShapeError, "one shape"),
        (lambda: vt.losses.mean_squared_error([0.0, 1.0], [0.0]), ShapeError, "one-hot"),
        (lambda: vt.losses.compute_weighted_loss([0.0], None, 9), ArgumentError, "SUM_BY_NONZERO_WEIGHTS"),
        (lambda: vt.batch_norm2d(vt.ones([2, 2, 2]), [0.0], [1.0]), ShapeError, "rank 2"),
        (lambda: vt.batch_norm(vt.ones([2, 2]), [0.0], [[1.0]]), ShapeError, "of one rank"),
        (lambda: vt.local_response_normalization(vt.ones([2])), ShapeError, "rank 3 or 4"),
        (lambda: vt.dilation2d(vt.ones([1, 3, 3, 2]), vt.ones([2, 2, 1]), 1, "same"), ShapeError, "as many channels"),
        (lambda: vt.multi_rnn_cell([], vt.ones([1, 1]), [1.0], []), ShapeError, "for each cell"),
    ],
)
def test_wrong_calls_are_told(call, error, message):
    with pytest.raises(error, match=message):
        call()


# Vectors, cells


def test_orthonormal_vectors_as_list_and_matrix():
    rows = vt.linalg.gram_schmidt([[3.0, 4.0], [1.0, 0.0]])
    vectors = vt.linalg.gram_schmidt([vt.tensor([3.0, 4.0]), vt.tensor([1.0, 0.0])])
    np.testing.assert_allclose(rows.numpy() @ rows.numpy().T, np.eye(2), atol=1e-6)
    np.testing.assert_array_equal(np.stack([vector.numpy() for vector in vectors]), rows.numpy())


def test_the_factors_multiply_to_the_matrix():
    x = np.random.default_rng(1).normal(size=(2, 5, 3)).astype(np.float32)
    q, r = vt.linalg.qr(x)
    np.testing.assert_allclose((q @ r).numpy(), x, atol=1e-5)


def test_stacked_cells_feed_each_other():
    kernel, bias = vt.tensor(np.full((4, 8), 0.1)), vt.zeros([8])
    cell = lambda data, c, h: vt.basic_lstm_cell(1.0, kernel, bias, data, c, h)  # noqa: E731
    data, state = vt.ones([1, 2]), vt.ones([1, 2])
    c, h = vt.multi_rnn_cell([cell, cell], data, [state, state], [state, state])
    first = cell(data, state, state)
    second = cell(first[1], state, state)
    np.testing.assert_array_equal(c[1].numpy(), second[0].numpy())
    np.testing.assert_array_equal(h[1].numpy(), second[1].numpy())


def test_a_window_of_ones_own():
    signal = np.arange(8, dtype=np.float32)
    plain = vt.signal.stft(signal, 4, 4, 4, lambda length: vt.ones([length]))
    np.testing.assert_allclose(plain.numpy(), np.fft.rfft(signal.reshape(2, 4)), atol=1e-5)


# Fused


def test_what_is_fused_goes_by_channels_that_come_first():
    x, filter = vt.random_normal([2, 5, 6, 3]), vt.random_normal([3, 3, 3, 4])
    behind = {"bias": [1.0, -1.0, 0.5, 0.0], "activation": "prelu", "prelu_activation_weights": [0.1, 0.2, 0.3, 0.4]}
    last = vt.fused.conv2d(x, filter, 1, "same", **behind)
    first = vt.fused.conv2d(x.transpose([0, 3, 1, 2]), filter, 1, "same", "NCHW", **behind)
    np.testing.assert_allclose(first.transpose([0, 2, 3, 1]).numpy(), last.numpy(), rtol=1e-5, atol=1e-5)


def test_activations_that_cannot_be_fused():
    with pytest.raises(UnknownNameError, match='Unknown fused activation "tanh".*Known: elu, leakyrelu, linear'):
        vt.fused.mat_mul([[1.0]], [[1.0]], activation="tanh")
    with pytest.raises(ArgumentError, match="needs prelu_activation_weights"):
        vt.fused.mat_mul([[1.0]], [[1.0]], activation="prelu")
