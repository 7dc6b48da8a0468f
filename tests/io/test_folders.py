import contextlib
import errno
import json
import os
import stat

import numpy as np
import pytest

from velveteen import io
from velveteen.errors import ArgumentError, FileFormatError, MissingFileError
from velveteen.io import files, folders


def artifacts(seed=0, size=10, **more):
    values = np.random.default_rng(seed).normal(size=size).astype(np.float32)
    encoded = io.encode_weights({"dense_1/kernel": values})
    topology = {"class_name": "Sequential", "config": {"name": f"model_{seed}", "layers": []}}
    return io.ModelArtifacts(topology, encoded.specs, encoded.data, format="layers-model", **more)


def load(folder):
    found = io.folder(folder).load()
    return found.model_topology, bytes(found.weight_data or b"")


def state(seed):
    return artifacts(seed).model_topology, artifacts(seed).weight_data


def test_round_trip(tmp_path):
    saved = artifacts(
        training_config={"loss": "mse"},
        user_defined_metadata={"labels": ["Katze", "日本"]},
        generated_by="a",
        converted_by="b",
        signature={"inputs": {}},
    )
    result = io.folder(tmp_path / "new" / "model").save(saved)
    loaded = io.folder(tmp_path / "new" / "model").load()
    loaded.weight_data = bytes(loaded.weight_data)
    assert loaded == saved
    assert result.model_artifacts_info.weight_data_bytes == 40
    assert result.model_artifacts_info.model_topology_bytes == len(
        '{"class_name":"Sequential","config":{"name":"model_0","layers":[]}}'
    )


def test_model_json_is_as_tensorflowjs_writes_it(tmp_path):
    io.folder(tmp_path).save(artifacts())
    content = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))
    assert list(content) == ["modelTopology", "format", "convertedBy", "weightsManifest"]
    assert content["convertedBy"] is None
    assert content["weightsManifest"][0]["weights"] == [{"name": "dense_1/kernel", "shape": [10], "dtype": "float32"}]


def test_shards_of_4_mib(tmp_path):
    saved = artifacts(size=9 * 2**18)
    io.folder(tmp_path).save(saved)
    (group,) = json.loads((tmp_path / "model.json").read_text())["weightsManifest"]
    assert [(tmp_path / path).stat().st_size for path in group["paths"]] == [2**22, 2**22, 2**20]
    assert all(path.startswith(f"group1-shard{i}of3-") for i, path in enumerate(group["paths"], 1))
    assert bytes(io.folder(tmp_path).load().weight_data) == saved.weight_data


def test_a_model_without_weights(tmp_path):
    io.folder(tmp_path).save(io.ModelArtifacts({"class_name": "Sequential", "config": {}}))
    loaded = io.folder(tmp_path).load()
    assert (loaded.weight_specs, bytes(loaded.weight_data)) == ([], b"")


def test_saving_over_a_model_leaves_other_files_alone(tmp_path):
    for name in ("notes.txt", "weights.bin", "group1-shard1of1.bin", ".hidden"):
        (tmp_path / name).write_text(name)
    io.folder(tmp_path).save(artifacts(1))
    io.folder(tmp_path).save(artifacts(2))
    assert load(tmp_path) == state(2)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"notes.txt", "weights.bin", "group1-shard1of1.bin", ".hidden", "model.json"} < names
    assert len(names) == 6
    assert (tmp_path / "weights.bin").read_text() == "weights.bin"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_others_may_read_as_the_umask_says(tmp_path):
    before = os.umask(0o022)
    try:
        io.folder(tmp_path).save(artifacts())
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o644}


def test_model_json_may_have_another_name(tmp_path):
    io.folder(tmp_path / "digits.json").save(artifacts(1))
    assert load(tmp_path / "digits.json") == state(1)


def test_saving_onto_a_file(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ArgumentError, match=r"it is a file\. Give a folder's name"):
        io.folder(tmp_path / "file").save(artifacts())
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32(1), {1, 2}, b"x"])
def test_what_json_cannot_hold_is_told_before_anything_is_written(tmp_path, value):
    with pytest.raises(ArgumentError, match=r"cannot be saved as JSON.*user_defined_metadata"):
        io.folder(tmp_path / "model").save(artifacts(user_defined_metadata={"x": value}))
    assert not (tmp_path / "model").exists()


def test_no_model_there(tmp_path):
    with pytest.raises(MissingFileError, match=r"There is no model in .*Give the folder that model\.save\(\) wrote"):
        io.folder(tmp_path / "nowhere").load()
    assert isinstance(MissingFileError(), FileNotFoundError)


def test_a_newer_model_that_is_saved_while_loading(tmp_path, monkeypatch):
    io.folder(tmp_path).save(artifacts(1))
    handler = io.folder(tmp_path)
    read, saved = handler._read_json, []

    def read_then_save():
        text = read()
        if not saved:
            saved.append(io.folder(tmp_path).save(artifacts(2)))
        return text

    monkeypatch.setattr(handler, "_read_json", read_then_save)
    found = handler.load()
    assert (found.model_topology, bytes(found.weight_data)) == state(2)


# Crashes


class Crash(BaseException):
    """The power went off."""


class _Disk:
    """Counts what reaches the operating system, and fails from the chosen call on."""

    def __init__(self, monkeypatch, fail_at, error, once):
        self.calls, self.fail_at, self.error, self.once = 0, fail_at, error, once
        for name in ("open", "replace", "fsync", "unlink", "close"):
            monkeypatch.setattr(files.os, name, self.wrapped(getattr(os, name)))
        monkeypatch.setattr(folders.Path, "unlink", self.wrapped(folders.Path.unlink))
        monkeypatch.setattr(files, "open", self.open_file, raising=False)

    def step(self):
        self.calls += 1
        if self.calls == self.fail_at or (self.calls > self.fail_at > 0 and not self.once):
            raise self.error

    def wrapped(self, function):
        def call(*args, **kwargs):
            self.step()
            return function(*args, **kwargs)

        return call

    def open_file(self, descriptor, mode):
        disk, file = self, os.fdopen(descriptor, mode)
        write = file.write

        class HalfWriting:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                file.close()

            def write(self, content):
                try:
                    disk.step()
                except BaseException:
                    write(memoryview(content)[: len(content) // 2])
                    raise
                write(content)

            flush, fileno = file.flush, file.fileno

        return HalfWriting()


def calls_of_a_save(tmp_path):
    io.folder(tmp_path).save(artifacts(1))
    with pytest.MonkeyPatch.context() as patch:
        disk = _Disk(patch, 0, None, once=False)
        io.folder(tmp_path).save(artifacts(2))
    return disk.calls


@pytest.mark.parametrize("once", [False, True], ids=["power off", "a single error"])
def test_a_crash_at_any_call_leaves_the_old_model_or_the_new_one(tmp_path, once):
    calls = calls_of_a_save(tmp_path / "counted")
    assert calls >= 12
    outcomes = []
    for fail_at in range(1, calls + 1):
        folder = tmp_path / str(fail_at)
        io.folder(folder).save(artifacts(1))
        (folder / "mine.txt").write_text("mine")
        with pytest.MonkeyPatch.context() as patch:
            _Disk(patch, fail_at, OSError(errno.ENOSPC, "full") if once else Crash(), once)
            with contextlib.suppress(Crash, OSError):
                io.folder(folder).save(artifacts(2))
        found = load(folder)
        assert found in (state(1), state(2))
        outcomes.append(found == state(2))
        assert (folder / "mine.txt").read_text() == "mine"
        if once:
            assert not [path for path in folder.iterdir() if path.name.startswith(".")]
        io.folder(folder).save(artifacts(3))
        assert load(folder) == state(3)
        assert len(list(folder.iterdir())) == 3, "the next save clears what the crash left"
    # Once the new model is there it stays, and both outcomes occur.
    assert outcomes == sorted(outcomes) or once
    assert {True, False} == set(outcomes)


def test_a_crash_in_the_first_save_leaves_no_model(tmp_path):
    for fail_at in range(1, 8):
        folder = tmp_path / str(fail_at)
        with pytest.MonkeyPatch.context() as patch:
            _Disk(patch, fail_at, Crash(), once=False)
            with pytest.raises(Crash):
                io.folder(folder).save(artifacts(1))
        with pytest.raises((MissingFileError, FileFormatError)):
            io.folder(folder).load()
