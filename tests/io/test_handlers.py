from pathlib import Path

import pytest

from velveteen import io
from velveteen.errors import ArgumentError, ArgumentTypeError
from velveteen.io import handlers
from velveteen.io.folders import FolderHandler
from velveteen.io.handlers import find_load_handler, find_save_handler
from velveteen.io.web import HttpHandler

ARTIFACTS = io.ModelArtifacts({"class_name": "Sequential", "config": {}}, *reversed(io.encode_weights({"w": [1.0]})))


@pytest.fixture(autouse=True)
def no_routers(monkeypatch):
    monkeypatch.setattr(handlers, "_load_routers", [])
    monkeypatch.setattr(handlers, "_save_routers", [])


@pytest.mark.parametrize("find", [find_load_handler, find_save_handler])
@pytest.mark.parametrize(
    ("source", "folder"),
    [
        ("models/a", "models/a"),
        (Path("models/a"), "models/a"),
        ("models/a/model.json", "models/a"),
        ("file://models/a", "models/a"),
        ("file:///models/a%20b", "/models/a b"),
    ],
)
def test_names_of_folders(find, source, folder):
    handler = find(source)
    assert isinstance(handler, FolderHandler)
    assert handler.folder == Path(folder)
    assert handler.file == Path(folder) / "model.json"


@pytest.mark.parametrize("find", [find_load_handler, find_save_handler])
def test_addresses(find):
    assert isinstance(find("https://example.org/model.json"), HttpHandler)


@pytest.mark.parametrize("find", [find_load_handler, find_save_handler])
def test_what_no_model_can_be_in(find):
    with pytest.raises(ArgumentError, match=r'scheme "indexeddb".*io\.register_load_router'):
        find("indexeddb://model")
    with pytest.raises(ArgumentError, match="empty text"):
        find("")
    with pytest.raises(ArgumentTypeError, match="got int"):
        find(3)


@pytest.mark.parametrize("source", ["folder", "https://example.org/model.json", io.from_memory(ARTIFACTS)])
def test_options(source):
    find_load_handler(source, on_progress=print)
    with pytest.raises(ArgumentTypeError, match=r'no option "stric"\. Did you mean "strict"\?'):
        find_load_handler(source, stric=False)


def test_memory():
    kept = []
    result = find_save_handler(io.with_save_handler(lambda artifacts: kept.append(artifacts) or "done")).save(ARTIFACTS)
    assert result == "done"
    assert find_load_handler(io.from_memory(kept[0])).load() is ARTIFACTS
    parts = io.from_memory(ARTIFACTS.model_topology, ARTIFACTS.weight_specs, ARTIFACTS.weight_data)
    assert parts.load() == ARTIFACTS


def test_routers():
    stored = {}

    def load_router(source, options):
        return io.from_memory(stored[source]) if source.startswith("mine://") else None

    def save_router(target):
        handler = io.with_save_handler(lambda artifacts: stored.update({target: artifacts}))
        return handler if target.startswith("mine://") else None

    io.register_load_router(load_router)
    io.register_save_router(save_router)
    find_save_handler("mine://a").save(ARTIFACTS)
    assert find_load_handler("mine://a").load() is ARTIFACTS
    assert isinstance(find_load_handler("folder"), FolderHandler)
    io.register_load_router(load_router)
    with pytest.raises(ArgumentError, match=r"2 registered routers want 'mine://a'"):
        find_load_handler("mine://a")


def test_management(tmp_path):
    io.folder(tmp_path / "a").save(ARTIFACTS)
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "model.json").write_text("{")
    listed = io.list_models(tmp_path)
    assert list(listed) == [str(tmp_path / "a")]
    assert listed[str(tmp_path / "a")].weight_data_bytes == 4
    assert listed[str(tmp_path / "a")].model_topology_type == "JSON"

    io.copy_model(tmp_path / "a", tmp_path / "b")
    io.move_model(str(tmp_path / "a"), tmp_path / "c")
    assert [Path(path).name for path in io.list_models(tmp_path)] == ["b", "c"]
    assert not (tmp_path / "a").exists()
    assert bytes(io.folder(tmp_path / "c").load().weight_data) == ARTIFACTS.weight_data

    (tmp_path / "b" / "notes.txt").write_text("mine")
    assert io.remove_model(f"file://{tmp_path}/b").weight_data_bytes == 4
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["notes.txt"]
    assert io.list_models(tmp_path / "nowhere") == {}


def test_a_model_onto_itself(tmp_path):
    io.folder(tmp_path).save(ARTIFACTS)
    with pytest.raises(ArgumentError, match="onto itself"):
        io.move_model(tmp_path, f"{tmp_path}/.")
    assert io.list_models(tmp_path.parent)


def test_only_folders_can_be_moved():
    with pytest.raises(ArgumentError, match="Only models in folders"):
        io.move_model("http://example.org/model.json", "x")


def test_all_handlers_of_an_address():
    assert isinstance(io.get_load_handlers("models/a")[0], FolderHandler)
    assert isinstance(io.get_save_handlers("https://example.org/a")[0], HttpHandler)
    assert io.get_load_handlers("mine://a") == io.get_save_handlers("mine://a") == []
    first, second = io.from_memory_sync(ARTIFACTS), io.from_memory(ARTIFACTS)
    io.register_load_router(lambda name, options: first if options == {"strict": False} else None)
    io.register_load_router(lambda name, options: second)
    io.register_save_router(lambda name: second)
    assert io.get_load_handlers("mine://a", {"strict": False}) == [first, second]
    assert io.get_load_handlers("mine://a") == io.get_save_handlers("mine://a") == [second]
