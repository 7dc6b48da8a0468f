"""Pictures in tiles: the whole picture's answer, any size."""

import numpy as np
import pytest

import velveteen as vt
from velveteen.errors import ArgumentError, ShapeError

layers = vt.layers


def convolutions(size=None):
    """Returns a model in which no output looks further than 2 rows or columns."""
    return vt.sequential(
        [
            layers.conv2d(4, 3, padding="same", activation="tanh", input_shape=(size, size, 2)),
            layers.conv2d(3, 3, padding="same", activation="sigmoid"),
        ]
    )


def picture(height, width, channels=2):
    return np.random.default_rng(0).normal(size=(height, width, channels)).astype(np.float32)


@pytest.mark.parametrize(("height", "width"), [(50, 37), (16, 16), (17, 90), (9, 40), (5, 3), (64, 64)])
@pytest.mark.parametrize("overlap", [8, 7 + 2])
def test_tiles_give_what_the_whole_picture_gives(height, width, overlap):
    model = convolutions()
    x = picture(height, width)
    tiled = vt.predict_tiles(model, x, tile=(20, 18), overlap=overlap, batch_size=3)
    assert tiled.shape == [height, width, 3]
    # The zeros that fill up a picture smaller than the tile are felt two rows or columns away.
    felt = np.s_[: None if height >= 20 else height - 2, : None if width >= 18 else width - 2]
    np.testing.assert_allclose(tiled.numpy()[felt], model.predict(x[None]).numpy()[0][felt], atol=1e-6)


def test_a_model_that_halves_pictures_is_blended_too():
    x = vt.input((None, None, 1))
    small = layers.conv2d(4, 3, padding="same", activation="relu").apply(layers.max_pooling2d(2).apply(x))
    y = layers.concatenate().apply([x, layers.conv2d_transpose(2, 2, strides=2).apply(small)])
    model = vt.model(x, layers.conv2d(1, 1).apply(y))
    wide = picture(80, 128, 1)
    tiled = vt.predict_tiles(model, wide, tile=32, overlap=16)
    np.testing.assert_allclose(tiled.numpy(), model.predict(wide[None]).numpy()[0], atol=1e-6)


def test_the_tile_is_what_the_model_takes_and_the_rank_stays():
    model = convolutions(16)
    assert vt.predict_tiles(model, picture(40, 30)).shape == [40, 30, 3]
    assert vt.predict_tiles(model, picture(40, 30)[None]).shape == [1, 40, 30, 3]
    np.testing.assert_allclose(
        vt.predict_tiles(model, picture(16, 16)).numpy(), model.predict(picture(16, 16)[None]).numpy()[0], atol=1e-6
    )


def test_neighbours_fade_into_each_other():
    class Steps:
        """A model that answers each tile with a number of its own."""

        def __init__(self):
            self.seen = 0

        def predict(self, x, batch_size):
            numbers = self.seen + np.arange(x.shape[0])
            self.seen += x.shape[0]
            return vt.tensor(np.broadcast_to(numbers[:, None, None, None], (*x.shape[:3], 1)).astype(np.float32))

    row = vt.predict_tiles(Steps(), np.zeros((8, 12, 1)), tile=8, overlap=4).numpy()[0, :, 0]
    np.testing.assert_allclose(row, [0, 0, 0, 0, 0, 0.25, 0.75, 1, 1, 1, 1, 1])


def test_what_does_not_fit_is_told():
    with pytest.raises(ArgumentError, match=r"any size .*say how large the tiles are: tile=256"):
        vt.predict_tiles(convolutions(), picture(40, 40))
    with pytest.raises(ArgumentError, match="between 0 and half of the tile, 8, got 9"):
        vt.predict_tiles(convolutions(16), picture(40, 40), overlap=9)
    with pytest.raises(ArgumentError, match="tile must be a positive integer"):
        vt.predict_tiles(convolutions(), picture(40, 40), tile=0)
    with pytest.raises(ShapeError, match=r"one picture of shape .* got \[2, 40, 40, 2\]"):
        vt.predict_tiles(convolutions(16), np.zeros((2, 40, 40, 2)))
    shrinking = vt.sequential([layers.conv2d(1, 3, input_shape=(16, 16, 2))])
    with pytest.raises(
        ShapeError, match=r"height and width of its input, \[16, 16\], but this one returned \[.*14, 14"
    ):
        vt.predict_tiles(shrinking, picture(40, 40))
