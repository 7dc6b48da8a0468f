import contextlib
import http.server
import threading

import numpy as np
import pytest

from velveteen import io
from velveteen.errors import ArgumentError, FileFormatError, MissingFileError


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("X-Key")))
        answer = self.server.files.get(self.path, 404)
        if isinstance(answer, str):
            self.send_response(302)
            self.send_header("Location", answer)
        elif isinstance(answer, int):
            self.send_response(answer)
        else:
            self.send_response(200)
        self.end_headers()
        if isinstance(answer, bytes):
            with contextlib.suppress(ConnectionError):
                self.wfile.write(answer)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers["Content-Type"], body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.files, server.asked = {}, []
    server.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def model(server, tmp_path):
    """A model of two shards in the folder /m/, and its artifacts."""
    encoded = io.encode_weights({"w": np.arange(2**20 + 1, dtype=np.float32)})
    artifacts = io.ModelArtifacts({"class_name": "Sequential", "config": {}}, encoded.specs, encoded.data)
    io.folder(tmp_path).save(artifacts)
    server.files.update({f"/m/{path.name}": path.read_bytes() for path in tmp_path.iterdir()})
    return artifacts


def test_load_and_progress(server, model):
    progress = []
    loaded = io.http(f"{server.address}/m/model.json", on_progress=progress.append).load()
    assert bytes(loaded.weight_data) == model.weight_data
    assert loaded.model_topology == model.model_topology
    assert progress[0] == 0
    assert progress[-1] == 1
    assert progress == sorted(progress)
    assert len(progress) > 3


def test_query_and_headers_go_along_to_the_shards(server, model):
    server.files = {f"{path}?v=2": content for path, content in server.files.items()}
    io.http(f"{server.address}/m/model.json?v=2", headers={"X-Key": "k"}).load()
    assert len(server.asked) == 3
    assert all(path.endswith("?v=2") and key == "k" for path, key in server.asked)


def test_weight_path_prefix(server, model):
    server.files = {
        path if path.endswith("json") else path.replace("/m/", "/elsewhere/"): content
        for path, content in server.files.items()
    }
    io.http(f"{server.address}/m/model.json", weight_path_prefix=f"{server.address}/elsewhere").load()


def test_load_weights(server, model, tmp_path):
    manifest = [
        {"paths": [path.name for path in sorted(tmp_path.glob("*.bin"))], "weights": model.weight_specs},
        {"paths": ["not needed.bin"], "weights": [{"name": "other", "shape": [], "dtype": "float32"}]},
    ]
    for prefix in (f"{server.address}/m", tmp_path):
        weights = io.load_weights(manifest, prefix, ["w"])
        assert list(weights) == ["w"]
        assert weights["w"].data_sync()[-1] == 2**20


def test_saving_sends_a_form(server, model):
    io.http(f"{server.address}/upload").save(model)
    ((path, kind, body),) = server.asked
    assert path == "/upload"
    boundary = kind.removeprefix("multipart/form-data; boundary=").encode()
    parts = body.split(b"--" + boundary)
    assert len(parts) == 4
    assert b'name="model.json"; filename="model.json"\r\nContent-Type: application/json\r\n\r\n{' in parts[1]
    assert parts[2].split(b"\r\n\r\n", 1)[1] == model.weight_data + b"\r\n"


def test_a_server_without_the_model(server):
    with pytest.raises(MissingFileError, match=r"answered 404 .*Check that the address leads to a model\.json"):
        io.http(f"{server.address}/model.json").load()


def test_a_missing_shard(server, model):
    del server.files[next(path for path in server.files if "shard2of2" in path)]
    with pytest.raises(MissingFileError, match=r"shard2of2.* answered 404"):
        io.http(f"{server.address}/m/model.json").load()


def test_no_server():
    with pytest.raises(MissingFileError, match=r"Cannot reach .*Check the address and the network"):
        io.http("http://127.0.0.1:9/model.json", timeout=5).load()


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_a_redirect_leads_to_no_other_scheme(server, target):
    server.files["/model.json"] = target
    with pytest.raises(MissingFileError):
        io.http(f"{server.address}/model.json").load()


def test_too_short_and_too_long_shards(server, model):
    shard = next(path for path in server.files if "shard2of2" in path)
    server.files[shard] = b""
    with pytest.raises(FileFormatError, match=f"need {4 * 2**20 + 4} bytes, but there are {4 * 2**20}"):
        io.http(f"{server.address}/m/model.json").load()
    server.files[shard] = bytes(10)
    with pytest.raises(FileFormatError, match=r"sends more than the 4 bytes that are expected"):
        io.http(f"{server.address}/m/model.json").load()


def test_size_limit(server, model):
    with pytest.raises(FileFormatError, match=r"more than the limit of 1000\. Give io\.http\(\) a larger size_limit"):
        io.http(f"{server.address}/m/model.json", size_limit=1000).load()
    assert len(server.asked) == 1


def test_not_an_address():
    with pytest.raises(ArgumentError, match='begins with "http://" or "https://", got \'file:///x\''):
        io.http("file:///x")
