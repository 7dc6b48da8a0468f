"""Folders of pictures and sounds as datasets."""

import numpy as np
import pytest
from PIL import Image

import velveteen as vt
from velveteen.errors import ArgumentError, DataError, MissingFileError, VelveteenError

data = vt.data


@pytest.fixture
def pictures(tmp_path):
    for label, value in (("dark", 51), ("light", 204)):
        (tmp_path / label / "more").mkdir(parents=True)
        for number in range(10):
            folder = tmp_path / label / ("more" if number > 7 else "")
            Image.new("RGB", (8, 6), (value, value, 0)).save(folder / f"{number}.png")
    (tmp_path / "light" / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden").mkdir()
    return tmp_path


def test_a_folder_of_pictures_trains(pictures):
    dataset = data.image_folder(pictures, size=(4, 5))
    assert dataset.class_names == ["dark", "light"]
    assert dataset.size == len(dataset.files) == 20
    for element in dataset:
        label = int(element["ys"].arg_max())
        assert element["xs"].shape == [4, 5, 3]
        np.testing.assert_allclose(element["xs"].numpy()[2, 2], [[0.2, 0.2, 0], [0.8, 0.8, 0]][label], atol=1e-6)
    model = vt.sequential([vt.layers.flatten(input_shape=[4, 5, 3]), vt.layers.dense(2, activation="softmax")])
    model.compile("adam", "categoricalCrossentropy")
    history = model.fit_dataset(dataset.batch(8), epochs=2, verbose=False)
    assert history.history["loss"][1] < history.history["loss"][0]


def names(dataset):
    return [file.path.name + str(file.label) for file in dataset.files]


def test_the_split_is_the_same_for_each_seed(pictures):
    options = {"size": (2, 2), "validation_split": 0.2}
    training, validation = data.image_folder(pictures, subset="both", **options)
    assert (training.size, validation.size) == (16, 4)
    assert [file.label for file in validation.files] == [0, 0, 1, 1]
    assert {*names(training)} | {*names(validation)} == {*names(data.image_folder(pictures, (2, 2)))}
    assert names(data.image_folder(pictures, subset="training", **options)) == names(training)
    assert names(data.image_folder(pictures, subset="validation", **options)) == names(validation)
    assert names(data.image_folder(pictures, subset="validation", seed=1, **options)) != names(validation)


def labels(dataset):
    return [element["ys"] for element in dataset]


def test_the_order(pictures):
    sorted_ones = data.image_folder(pictures, (2, 2), one_hot=False, shuffle=False)
    assert labels(sorted_ones) == [0] * 10 + [1] * 10
    one, other = (data.image_folder(pictures, (2, 2), one_hot=False, seed=5) for _ in range(2))
    first = labels(one)
    assert first == labels(other) != labels(one)
    assert sorted(first) == labels(sorted_ones)
    chosen = data.image_folder(pictures, (2, 2), one_hot=False, class_names=["light"])
    assert (chosen.size, labels(chosen)) == (10, [0] * 10)


@pytest.mark.parametrize("workers", [0, 2])
def test_broken_files_are_told_and_left_out(pictures, workers):
    whole = (pictures / "dark" / "0.png").read_bytes()
    (pictures / "dark" / "1.png").write_bytes(whole[: len(whole) // 2])
    (pictures / "light" / "2.png").write_text("no picture")
    dataset = data.image_folder(pictures, (2, 2), workers=workers)
    with pytest.warns(UserWarning, match="is left out, since it cannot be read") as warned:
        assert len(dataset.to_array()) == 18
    assert len(warned) == 2
    assert sorted(path.name for path in dataset.broken) == ["1.png", "2.png"]
    assert dataset.size == len(dataset.to_array()) == 18  # and no further word


def test_nothing_readable_is_an_error(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_text("no picture")
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(DataError, match="None of the 1 files can be read.*cannot identify"),
    ):
        data.image_folder(tmp_path, (2, 2)).to_array()


def read(folder, **options):
    (element,) = data.image_folder(folder, **options)
    return element["xs"].numpy()


def test_kinds_of_pictures(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    path = folder / "1.png"
    columns = np.zeros((4, 8), np.uint8)
    columns[:, 2:6] = 255
    Image.fromarray(columns).save(path)
    assert read(tmp_path, size=(4, 4), channels=1, fit="crop").min() == 1
    padded = read(tmp_path, size=(8, 8), channels=3, fit="pad")
    assert (padded[0].max(), padded[4, 4].min()) == (0, 1)
    assert read(tmp_path, size=(4, 8), channels=4)[0, :, 3].tolist() == [1] * 8
    Image.fromarray(np.full((2, 2), 40000, np.uint16)).save(path)
    np.testing.assert_allclose(read(tmp_path, size=(2, 2), channels=1), 40000 / 65535, atol=0.01)
    turned = Image.new("L", (4, 2))
    turned.paste(255, (0, 0, 2, 2))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    turned.save(path, exif=exif)
    np.testing.assert_array_equal(read(tmp_path, size=(4, 2), channels=1)[:, 0, 0], [1, 1, 0, 0])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"size": (0, 2)}, ArgumentError, r"size must be \(height, width\)"),
        ({"channels": 2}, ArgumentError, "channels must be 1, 3 or 4, got 2"),
        ({"fit": "strech"}, VelveteenError, 'Did you mean "stretch"'),
        ({"class_names": ["drak"]}, VelveteenError, 'Did you mean "dark"'),
        ({"validation_split": 1}, ArgumentError, "less than 1"),
        ({"validation_split": 0.2}, ArgumentError, "go together"),
        ({"validation_split": 0.2, "subset": "test"}, VelveteenError, 'Unknown subset "test"'),
        ({"workers": -1}, ArgumentError, "workers"),
        ({"path": "nowhere"}, MissingFileError, "no folder"),
    ],
)
def test_wrong_calls(pictures, options, error, message):
    with pytest.raises(error, match=message):
        data.image_folder(**{"path": pictures, "size": (2, 2)} | options)


def test_a_folder_without_pictures(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(DataError, match="has 1 subfolders, but in them no file"):
        data.image_folder(tmp_path, (2, 2))


@pytest.fixture
def sounds(tmp_path):
    soundfile = pytest.importorskip("soundfile", reason="the extra audio is not installed")
    time = np.arange(8000) / 8000
    for label, pitch in (("high", 1000), ("low", 200)):
        (tmp_path / label).mkdir()
        tone = 0.5 * np.sin(2 * np.pi * pitch * time)
        soundfile.write(tmp_path / label / "whole.wav", np.stack([tone, tone], axis=1), 8000)
        soundfile.write(tmp_path / label / "half.flac", tone[:4000], 8000)
    return tmp_path


def test_a_folder_of_sounds(sounds):
    dataset = data.sound_folder(sounds, sample_rate=16000, shuffle=False, one_hot=False)
    assert [file.path.name for file in dataset.files] == ["half.flac", "whole.wav"] * 2
    for element, file in zip(dataset, dataset.files, strict=True):
        sound = element["xs"].numpy()
        assert sound.shape == (16000,)
        loudest = np.abs(np.fft.rfft(sound)).argmax()
        assert abs(loudest - [1000, 200][element["ys"]]) <= 1
        assert np.abs(sound[8100:]).max() < 0.01 if file.path.name == "half.flac" else np.abs(sound[8100:]).max() > 0.4
    assert [len(element["xs"]) for element in data.sound_folder(sounds, 8000, seconds=None, shuffle=False)] == [
        4000,
        8000,
    ] * 2
    assert {len(element["xs"]) for element in data.sound_folder(sounds, 8000, seconds=0.25)} == {2000}


def test_broken_sounds(sounds):
    import soundfile

    soundfile.write(sounds / "low" / "nan.wav", np.full(100, np.nan), 8000, subtype="FLOAT")
    soundfile.write(sounds / "low" / "none.wav", np.zeros(0), 8000)
    (sounds / "low" / "text.wav").write_text("no sound")
    dataset = data.sound_folder(sounds)
    with pytest.warns(UserWarning, match="left out"):
        assert len(dataset.to_array()) == 4
    reasons = {path.name: reason for path, reason in dataset.broken.items()}
    assert reasons["nan.wav"] == "it has NaN or infinity in it"
    assert reasons["none.wav"] == "it has no samples"
    assert "text.wav" in reasons
    with pytest.raises(ArgumentError, match="at least one sample"):
        data.sound_folder(sounds, seconds=0)


def test_without_the_extra_it_says_what_to_install(sounds, monkeypatch):
    monkeypatch.setattr("velveteen.data.sounds.find_spec", lambda name: None)
    with pytest.raises(VelveteenError, match=r'pip install "velveteen\[audio\]"'):
        data.sound_folder(sounds)
