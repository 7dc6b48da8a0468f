"""Pictures of the user's own classes: trained, evaluated and asked, as a user does."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

import velveteen as vt
from velveteen.cli.main import app
from velveteen.errors import ArgumentError, DataError, FileFormatError, MissingFileError
from velveteen.recipes.pictures import data, main
from velveteen.templates.cnn.data import draw_shapes

SIDE = 32


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    return draw_shapes(tmp_path_factory.mktemp("pictures") / "shapes", each=40)


@pytest.fixture(scope="module")
def model(shapes, tmp_path_factory):
    """What the command line wrote, and what it answered."""
    out = tmp_path_factory.mktemp("model")
    command = [
        "pictures",
        "train",
        "--data",
        str(shapes),
        "--size",
        str(SIDE),
        "--epochs",
        "25",
        "--mirror",
        "--seed",
        "1",
    ]
    answered = CliRunner().invoke(app, [*command, "--out", str(out), "--json"])
    assert answered.exit_code == 0, answered.output
    return out, json.loads(answered.stdout)


def test_shapes_are_told_apart(model, shapes, tmp_path):
    out, answer = model
    assert answer["classes"] == ["circle", "square", "triangle"]
    assert answer["measured"]["examples"] == 24 and answer["measured"]["accuracy"] > 0.6  # a third by chance
    assert {"model.json", "confusion.png", "mistakes.png", "learning-curves.png"} <= {
        path.name for path in out.iterdir()
    }
    (told,) = main.predict(out, [shapes / "circle" / "0.png"])
    assert set(told["scores"]) == {"circle", "square", "triangle"}
    assert sum(told["scores"].values()) == pytest.approx(1, abs=1e-5) and told["score"] == max(told["scores"].values())
    others = draw_shapes(tmp_path / "others", each=5)
    measured = main.evaluate(out, others)
    assert measured.examples == 15 and sum(map(sum, measured.confusion)) == 15
    asked = CliRunner().invoke(app, ["pictures", "predict", str(out), str(others / "circle" / "0.png")])
    assert asked.exit_code == 0 and "0.png: " in asked.stdout


def test_neighbours_stay_together():
    for count in (2, 5, 30, 100, 300, 5000):
        kept = data.kept_to_test(count)
        assert 0 < kept.sum() < count
        assert count < 20 or 0.15 <= kept.mean() <= 0.25
        # Where one is kept to test on, its neighbours mostly are: stretches of a twentieth of all.
        assert np.abs(np.diff(kept.astype(int))).sum() <= 2 * 5 or count < 20


def test_pictures_are_cropped_and_put_on_white(tmp_path):
    wide = np.zeros((20, 60, 4), np.uint8)
    wide[:, 19:41] = (255, 0, 0, 255)  # the middle is red, its sides are transparent
    Image.fromarray(wide).save(tmp_path / "wide.png")
    np.testing.assert_allclose(data.read(tmp_path / "wide.png", 10), np.broadcast_to([1, 0, 0], (10, 10, 3)), atol=0.02)
    Image.fromarray(np.zeros((8, 8, 4), np.uint8)).save(tmp_path / "nothing.png")
    assert data.read(tmp_path / "nothing.png", 8).min() == 1


def test_versions_are_of_the_same_picture_and_mirrored_only_when_told():
    left = np.zeros((200, 32, 32, 3), np.uint8)
    left[:, :, :10] = 255
    pictures = torch.from_numpy(left)
    plain = data.vary(pictures, False, torch.Generator().manual_seed(1))
    mirrored = data.vary(pictures, True, torch.Generator().manual_seed(1))
    assert plain.shape == (200, 32, 32, 3) and plain.min() >= 0 and plain.max() <= 1
    on_the_left = lambda images: (images[:, :, :16].mean((1, 2, 3)) > images[:, :, 16:].mean((1, 2, 3))).float().mean()  # noqa: E731
    assert on_the_left(plain) == 1
    assert 0.35 < on_the_left(mirrored) < 0.65
    assert len({tuple(image.flatten()[:50].tolist()) for image in plain}) > 150


def test_a_small_class_is_shown_as_often_as_a_large_one():
    labels = np.array([0] * 50 + [1] * 3)
    examples = data.Examples(np.zeros((53, 8, 8, 3), np.uint8), labels)
    batches = data.varied(examples, 2, 10, False, 1)
    shown = np.concatenate([batch["ys"].numpy() for batch in batches])
    assert batches.size == len(shown) / 10 == 10
    assert abs(shown.sum(0)[0] - 50) <= 2


def test_few_pictures_go_through_more_often():
    assert [main.default_epochs(count) for count in (10, 400, 100_000)] == [200, 50, 12]


def test_advice_names_what_is_missing(shapes):
    pictures = data.load(shapes, 16)
    few = data.Pictures(pictures.classes, pictures.train, pictures.test, "some", broken=2)
    measured = main.Measured(0.5, 1.0, 24, [[8, 0, 0], [5, 3, 0], [0, 0, 8]])
    told = " ".join(main.advice(few, measured))
    assert "2 files could not be read" in told and "square is taken for circle" in told
    thin = data.Examples(few.train.images[:40], few.train.labels[:40])  # eight squares, and no triangle
    assert "triangle (8)" in " ".join(main.advice(data.Pictures(few.classes, thin, few.test, "some"), measured))


def test_errors_say_what_to_do(shapes, model, tmp_path):
    with pytest.raises(MissingFileError):
        data.load(tmp_path / "nothing", SIDE)
    with pytest.raises(DataError, match="no folders of pictures"):
        data.load(shapes / "circle", SIDE)
    (tmp_path / "one" / "cat").mkdir(parents=True)
    Image.new("RGB", (9, 9)).save(tmp_path / "one" / "cat" / "1.png")
    with pytest.raises(DataError, match="Give a second folder"):
        data.load(tmp_path / "one", SIDE)
    (tmp_path / "one" / "dog").mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / "one" / "dog" / "1.png")
    with pytest.raises(DataError, match="'cat' in .* has 1 pictures. Give at least 2"):
        data.load(tmp_path / "one", SIDE)
    with pytest.raises(MissingFileError, match="not a file that is there"):
        main.predict(model[0], [tmp_path / "no.png"])
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(FileFormatError, match="cannot be read as a picture"):
        main.predict(model[0], [tmp_path / "bad.png"])
    other = vt.sequential([vt.layers.dense(1, input_shape=[2])])
    other.save(tmp_path / "other")
    with pytest.raises(ArgumentError, match="does not tell pictures apart"):
        main.load(tmp_path / "other")
