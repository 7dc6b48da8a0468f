"""Files that lie. Each gets a clear error, and nothing else happens: no memory is taken, no other file is touched."""

import json
import os
import tracemalloc

import pytest

from velveteen import io
from velveteen.errors import FileFormatError, MissingFileError, UnknownNameError, VelveteenError
from velveteen.io import manifest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in folders, and links only for some")

DENSE = {"name": "dense_1/kernel", "shape": [2, 3], "dtype": "float32"}


def model_json(weights=None, paths=("weights.bin",), **more):
    groups = [{"paths": list(paths), "weights": [DENSE] if weights is None else weights}]
    return {"modelTopology": {"class_name": "Sequential", "config": {}}, "weightsManifest": groups} | more


def weight(**changes):
    return model_json([DENSE | changes])


def quantized(**quantization):
    return model_json([DENSE | {"quantization": quantization}])


LIES = {
    # the text
    "empty": (b"", "is not JSON"),
    "truncated": (json.dumps(model_json()).encode()[:-5], "is not JSON"),
    "not UTF-8": (b'{"format": "\xff"}', "is not UTF-8"),
    "a list": (b"[]", "must hold a JSON object"),
    "nested too deeply": (b'{"a":' * 1000 + b"1" + b"}" * 1000, "nested too deeply"),
    "nested beyond the parser": (b"[" * 200_000 + b"]" * 200_000, "nested too deeply"),
    "NaN": (b'{"modelTopology": {"a": NaN}}', "NaN is no JSON number"),
    "Infinity": (b'{"modelTopology": {"a": -Infinity}}', "-Infinity is no JSON number"),
    "a float beyond floats": (b'{"modelTopology": {"a": 1e999}}', "1e999 is too large a number"),
    "an endless integer": (b'{"modelTopology": {"a": ' + b"9" * 5000 + b"}}", "is not JSON"),
    "a key twice": (b'{"format": "a", "format": "b"}', "'format' comes twice"),
    # the fields
    "topology as text": (model_json(modelTopology="x"), '"modelTopology" must be an object'),
    "format as number": (model_json(format=1), '"format" must be a text'),
    "training config as list": (model_json(trainingConfig=[]), '"trainingConfig" must be an object'),
    "metadata as text": (model_json(userDefinedMetadata="x"), '"userDefinedMetadata" must be an object'),
    "manifest as object": (model_json(weightsManifest={}), '"weightsManifest" must be a list'),
    "group as text": (model_json(weightsManifest=["x"]), r"weightsManifest\[0\] must be an object"),
    "group without paths": (model_json(weightsManifest=[{"weights": []}]), r"weightsManifest\[0\] must be an object"),
    "group without weights": (model_json(weightsManifest=[{"paths": []}]), "the weights must be a list"),
    # the weights
    "weight as text": (model_json(["x"]), "must be an object with a name"),
    "weight without name": (model_json([{"shape": [2, 3], "dtype": "float32"}]), "must be an object with a name"),
    "name as number": (weight(name=1), "must be an object with a name"),
    "empty name": (weight(name=""), "must be an object with a name"),
    "name twice": (model_json([DENSE, DENSE]), "'dense_1/kernel' comes twice"),
    "no shape": (model_json([{"name": "a", "dtype": "float32"}]), "the shape must be a list of sizes"),
    "negative size": (weight(shape=[-2, -3]), r"the shape must be a list of sizes, got \[-2, -3\]"),
    "fractional size": (weight(shape=[2.0, 3]), "the shape must be a list of sizes"),
    "boolean size": (weight(shape=[True, 6]), "the shape must be a list of sizes"),
    "open size": (weight(shape=[None, 6]), "the shape must be a list of sizes"),
    "absurd size": (weight(shape=[10**30]), "the shape must be a list of sizes"),
    "absurd product": (weight(shape=[2**30, 2**30]), "the shape must be a list of sizes"),
    "absurd product beside a 0": (weight(shape=[0, 2**30, 2**30]), "the shape must be a list of sizes"),
    "absurd rank": (weight(shape=[1] * 1000), "the shape must be a list of sizes"),
    "10 GB": (weight(shape=[50_000, 50_000]), "need 10000000000 bytes, but there are 24"),
    "10 GB of strings": (weight(shape=[50_000, 50_000], dtype="string"), "at least 10000000000 bytes"),
    "too many bytes": (weight(shape=[5]), "need 20 bytes, but there are 24"),
    "unknown dtype": (weight(dtype="float31"), 'Did you mean "float32"'),
    "dtype as list": (weight(dtype=["float32"]), "Unknown dtype"),
    "group as number": (weight(group=3), "the group must be a text"),
    "quantization as text": (weight(quantization="uint8"), "the quantization must be an object"),
    "unknown quantization": (quantized(dtype="int4"), "Unknown quantization dtype"),
    "quantization without scale": (quantized(dtype="uint8", min=0), '"min" and "scale"'),
    "quantization with text": (quantized(dtype="uint8", min=0, scale="1"), '"min" and "scale"'),
    "absurd scale": (quantized(dtype="uint8", min=0, scale=10**400), '"min" and "scale"'),
    "float16 of integers": (weight(dtype="int32", quantization={"dtype": "float16"}), "float16 holds float32"),
    "quantized booleans": (weight(dtype="bool", quantization={"dtype": "uint8"}), "uint8 holds float32 or int32"),
    # the paths
    "missing shard": (model_json(paths=["nowhere.bin"]), "nowhere.bin is missing"),
    "shard below a file": (model_json(paths=["weights.bin/x"]), "is missing"),
    "parent folder": (model_json(paths=["../secret.bin"]), "does not name a file inside the model's folder"),
    "parent folder inside": (model_json(paths=["a/../../secret.bin"]), "does not name a file inside"),
    "absolute path": (model_json(paths=["/etc/passwd"]), "does not name a file inside"),
    "Windows path": (model_json(paths=["C:\\secret.bin"]), "does not name a file inside"),
    "backslashes": (model_json(paths=["..\\secret.bin"]), "does not name a file inside"),
    "address": (model_json(paths=["file:///etc/passwd"]), "does not name a file inside"),
    "NUL": (model_json(paths=["weights.bin\0"]), "does not name a file inside"),
    "lone surrogate": (model_json(paths=["\ud800"]), "does not name a file inside"),
    "empty path": (model_json(paths=[""]), "does not name a file inside"),
    "the folder itself": (model_json(paths=["."]), "does not name a file inside"),
    "path as number": (model_json(paths=[1]), "does not name a file inside"),
    "path twice": (model_json(paths=["weights.bin", "weights.bin"]), "'weights.bin' comes twice"),
    "a name without end": (model_json(paths=["a" * 5000]), "cannot be opened"),
    "links in a circle": (model_json(paths=["circle"]), "cannot be opened"),
    "a link out": (model_json(paths=["link.bin"]), "is a link that leads out"),
    "a linked folder": (model_json(paths=["linked/secret.bin"]), "is a link that leads out"),
    "a folder": (model_json(paths=["folder"]), "is not a regular file"),
    "a pipe": (model_json(paths=["pipe"]), "is not a regular file"),
}


@pytest.fixture
def trap(tmp_path):
    """A model's folder with good weights, beside a secret that no file may reach."""
    folder = tmp_path / "model"
    (folder / "folder").mkdir(parents=True)
    (folder / "weights.bin").write_bytes(bytes(24))
    (tmp_path / "secret.bin").write_bytes(bytes(24))
    os.symlink(tmp_path / "secret.bin", folder / "link.bin")
    os.symlink(tmp_path, folder / "linked")
    os.symlink("circle", folder / "circle")
    os.mkfifo(folder / "pipe")
    return folder


@pytest.mark.parametrize("name", LIES)
def test_a_lie_gets_a_clear_error_and_no_memory(trap, name):
    content, message = LIES[name]
    (trap / "model.json").write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    before = sorted(trap.rglob("*"))
    tracemalloc.start()
    try:
        with pytest.raises((FileFormatError, MissingFileError, UnknownNameError), match=message) as caught:
            io.folder(trap).load()
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()
    assert len(str(caught.value)) < 1500
    assert sorted(trap.rglob("*")) == before


def test_the_trap_itself_is_a_fine_model(trap):
    (trap / "model.json").write_text(json.dumps(model_json()))
    assert io.folder(trap).load().weight_specs == [DENSE]


@pytest.mark.parametrize(("size", "message"), [(23, "need 24 bytes, but there are 23"), (25, "but there are 25")])
def test_truncated_and_too_long_shards(trap, size, message):
    (trap / "model.json").write_text(json.dumps(model_json()))
    (trap / "weights.bin").write_bytes(bytes(size))
    with pytest.raises(FileFormatError, match=message):
        io.folder(trap).load()


def test_model_json_that_is_too_large(trap):
    with open(trap / "model.json", "wb") as file:
        file.truncate(10**10)
    with pytest.raises(FileFormatError, match=f"more than the {manifest.JSON_LIMIT} a model.json may have"):
        io.folder(trap).load()


def test_model_json_that_is_no_file(trap):
    os.mkfifo(trap / "model.json")
    with pytest.raises(FileFormatError, match="is not a regular file"):
        io.folder(trap).load()


@pytest.mark.parametrize("name", ["a link out", "parent folder", "a linked folder"])
def test_removing_a_hostile_model_removes_nothing(trap, name):
    (trap / "model.json").write_text(json.dumps(LIES[name][0]))
    before = sorted(trap.parent.rglob("*"))
    with pytest.raises(VelveteenError):
        io.remove_model(trap)
    assert sorted(trap.parent.rglob("*")) == before


def test_a_link_to_the_whole_folder_is_fine(trap):
    (trap / "model.json").write_text(json.dumps(model_json()))
    link = trap.parent / "latest"
    link.symlink_to(trap)
    assert io.folder(link).load().weight_specs == [DENSE]
