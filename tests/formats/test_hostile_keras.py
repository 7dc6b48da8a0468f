"""Files of Keras that are damaged by chance or on purpose: a model or a VelveteenError comes out, and nothing else."""

import contextlib
import copy
import io
import json
import random
import resource
import sys
import warnings
import zipfile

import h5py
import pytest

import velveteen as vt
from velveteen import layers
from velveteen.errors import FileFormatError, VelveteenError
from velveteen.formats._keras_archive import archive_bytes

ABSURD = [
    None, True, "x", "", [], {}, {"a": 1}, [1, "a"], [None, 2], [[1, 2], [3, 4]], 0, -1, 3, 0.5, 1e30, float("nan"),
    2**31, 2**62, 2**64, 10**400, "../../etc/passwd", "Lambda", {"class_name": "Lambda", "config": {"function": "x"}},
    {"class_name": "__lambda__", "config": {"value": "x"}}, {"class_name": "Dense", "config": {"units": 2**40}},
    {"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}, "a" * 1000, [[[[[]]]]] * 50,
]  # fmt: skip
MEGABYTES = 400
"""How much more memory than before all the damaged files together may take at most."""


def stack():
    model = vt.sequential(
        [
            layers.conv2d(3, 3, input_shape=[6, 6, 2], activation="relu"),
            layers.batch_normalization(),
            layers.max_pooling2d(2),
            layers.reshape([4, 3]),
            layers.bidirectional(layers.lstm(2)),
            layers.dense(2, kernel_regularizer="l1_l2"),
        ]
    )
    model.compile(optimizer="adam", loss="meanSquaredError", metrics=["mae"])
    return model


def graph():
    x, z = vt.input([5]), vt.input([5])
    inside = vt.sequential([layers.dense(5, input_shape=[5]), layers.prelu()])
    shared = layers.dense(5)
    joined = layers.add().apply([inside.apply(shared.apply(x)), shared.apply(z)])
    return vt.model([x, z], [joined, layers.layer_normalization().apply(joined)])


def h5_bytes(archive):
    """Returns an .h5 as Keras 2 lays it out, with the layers and weights of a .keras."""
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        config = json.loads(files.read("config.json"))
    content = io.BytesIO()
    model = load(archive, ".keras")
    with h5py.File(content, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "3.0.0"
        file.attrs["training_config"] = json.dumps(config.get("compile_config") or {})
        root = file.create_group("model_weights")
        for layer in model.layers:
            group = root.create_group(layer.name)
            weights = [*layer.trainable_weights, *layer.non_trainable_weights]
            names = [f"{number}:0" for number in range(len(weights))]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, weight in zip(names, weights, strict=True):
                group[name] = weight.numpy()
    return content.getvalue()


def load(content, suffix):
    path = load.folder / f"model{suffix}"
    path.write_bytes(content)
    return vt.load_layers_model(path)


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    load.folder = tmp_path_factory.mktemp("hostile")
    (load.folder / "secret.h5").write_bytes(b"of somebody else")
    found = []
    for build in (stack, graph):
        build().save(load.folder / "model.keras")
        archive = (load.folder / "model.keras").read_bytes()
        found += [(".keras", archive), (".h5", h5_bytes(archive))]
    return found


def with_changed_bytes(dice, content):
    content = bytearray(content)
    for _ in range(dice.choice([1, 1, 2, 5, 40])):
        content[dice.randrange(len(content))] = dice.choice([0, 1, 127, 255, dice.randrange(256)])
    return bytes(content)


def cut(dice, content):
    start = dice.randrange(len(content))
    return content[:start] if dice.random() < 0.7 else content[:start] + content[start + dice.randrange(1, 300) :]


def with_other_parts(dice, content):
    """Changes one to three values anywhere in the JSON of the model, and the weights of a .keras sometimes."""
    if content[:2] != b"PK":
        file = io.BytesIO(content)
        with h5py.File(file, "r+") as group:
            key = dice.choice(["model_config", "model_config", "model_config", "training_config"])
            group.attrs[key] = json.dumps(mutated(dice, json.loads(group.attrs[key])))
        return file.getvalue()
    with zipfile.ZipFile(io.BytesIO(content)) as files:
        config, metadata = json.loads(files.read("config.json")), json.loads(files.read("metadata.json"))
        weights = files.read("model.weights.h5")
    what = dice.random()
    if what < 0.7:
        config = mutated(dice, config)
    elif what < 0.8:
        metadata = mutated(dice, metadata)
    else:
        weights = dice.choice([with_changed_bytes, with_changed_bytes, cut])(dice, weights)
    return archive_bytes(config, weights, metadata)


def mutated(dice, content):
    content = copy.deepcopy(content)
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        places = places_in(content)
        if not places:
            break
        part, key = dice.choice(places)
        what = dice.random()
        if what < 0.15:
            del part[key]
        elif what < 0.3:
            part[key] = copy.deepcopy(dice.choice(places)[0])  # a piece of the same file, where it does not belong
        else:
            part[key] = copy.deepcopy(dice.choice(ABSURD))
    return content


def places_in(content):
    """Returns (container, key) of everything inside, so that it can be replaced."""
    found, waiting = [], [content]
    while waiting:
        part = waiting.pop()
        for key in list(part) if isinstance(part, dict) else range(len(part)):
            found.append((part, key))
            if isinstance(part[key], dict | list):
                waiting.append(part[key])
    return found


@contextlib.contextmanager
def nothing_else_touched():
    """Fails when Python writes to a file, connects, unpickles or starts a program; looks at the folder afterwards too."""
    touched, watching = [], True

    def look(event, arguments):
        if not watching or any(name in str(arguments[:1]) for name in ("model.keras", "model.h5", "__pycache__")):
            return
        writes = event == "open" and isinstance(arguments[1], str) and set("wax+") & set(arguments[1])
        if writes or event in (
            "os.system",
            "os.exec",
            "subprocess.Popen",
            "socket.connect",
            "os.remove",
            "pickle.find_class",
        ):
            touched.append((event, str(arguments)[:200]))

    sys.addaudithook(look)  # it stays until the process ends, but looks no longer
    before = sorted(path.name for path in load.folder.iterdir())
    try:
        yield
    finally:
        watching = False
    assert not touched
    assert sorted(path.name for path in load.folder.iterdir()) == before
    assert (load.folder / "secret.h5").read_bytes() == b"of somebody else"


def try_all(originals, damage, seeds):
    """Loads a damaged file for each seed; returns how many gave a model."""
    for suffix, content in originals:
        load(content, suffix)  # what is imported and kept on first use is not the damaged files' doing
    before, loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0
    with nothing_else_touched():
        for seed in seeds:
            dice = random.Random(seed)
            suffix, content = originals[seed % len(originals)]
            damaged = damage(dice, content)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    model = load(damaged, suffix)
                assert model.count_params() < 10_000
                loaded += 1
            except VelveteenError as error:
                length = len(str(error))
                assert length < 20_000
            except Exception as error:
                raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
    per_unit = 1024 if sys.platform == "darwin" else 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEGABYTES * 1024 * per_unit
    return loaded


def test_a_heap_over_which_hdf5_would_run_for_ever_is_refused(originals):
    suffix, content = originals[1]
    heap = content.index(b"GCOL")
    size_of_first_text = heap + 16 + 8
    damaged = bytearray(content)
    damaged[size_of_first_text + 7] = 1
    with pytest.raises(FileFormatError, match="texts do not fit"):
        load(bytes(damaged), suffix)


DAMAGES = [with_changed_bytes, cut, with_other_parts]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files(originals, damage):
    loaded = try_all(originals, damage, range(150))
    assert loaded < 140  # most are refused, but what is changed may not count


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_thousands_of_damaged_files(originals, damage):
    loaded = try_all(originals, damage, range(1000, 4000))
    assert loaded < 2900
