"""Sources, lines and CSV files: where they are read from, within which memory, and what they say."""

import functools
import http.server
import subprocess
import sys
import threading

import pytest

import velveteen as vt
from velveteen.data import text_lines
from velveteen.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    FileFormatError,
    MissingFileError,
    VelveteenError,
)

data = vt.data


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes("\ufeffname,größe\r\nä,1\r\nb,2".encode())
    return path


@pytest.fixture
def server(tmp_path):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/cut.csv":
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b"a,b\n1,2\n")
            else:
                super().do_GET()

        def log_message(self, *_):
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=tmp_path))
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()


ROWS = [{"name": "ä", "größe": 1}, {"name": "b", "größe": 2}]


def test_a_table_comes_from_anywhere(table, server):
    sources = [
        table,
        str(table),
        f"file://{table}",
        table.read_bytes(),
        f"{server}/table.csv",
        data.FileDataSource(table, chunk_size=3),
        data.URLDataSource(f"{server}/table.csv", chunk_size=5),
        data.URLDataSource(f"file://{table}"),
    ]
    for source in sources:
        dataset = data.csv(source)
        assert dataset.to_array() == dataset.to_array() == ROWS


def test_lines(tmp_path):
    assert data.TextLineDataset(b"a\r\nb\n\nc").to_array() == ["a", "b", "", "c"]
    assert data.TextLineDataset(b"").to_array() == []
    assert data.TextLineDataset(b"a\xff\xe4\xbd").to_array() == ["a\ufffd\ufffd"]
    assert list(data.FileDataSource(b"abcdef", chunk_size=2, offset=1)) == [b"bc", b"de", b"f"]


def test_a_line_without_end_is_no_text(monkeypatch):
    monkeypatch.setattr(text_lines, "LINE_LIMIT", 1000)
    with pytest.raises(FileFormatError, match="does not look like text"):
        data.TextLineDataset(data.FileDataSource(b"x" * 5000, chunk_size=100)).to_array()


def test_a_text_column_stays_text_where_it_reads_as_numbers():
    configs = {"code": {"dtype": "string"}, "size": {"isLabel": True}}
    (row,) = data.csv(b"code,size\n007,2\n", column_configs=configs)
    assert row == {"xs": {"code": "007"}, "ys": {"size": 2}}


WRONG = {
    "no file": (lambda: data.csv("nowhere.csv").to_array(), MissingFileError, "is not there"),
    "a folder": (lambda: data.csv(".").to_array(), MissingFileError, "is a folder"),
    "another scheme": (lambda: data.csv("ftp://a/b.csv").to_array(), ArgumentError, "http://, https:// and file://"),
    "no source": (lambda: data.csv(3), ArgumentTypeError, "a path or bytes, got int"),
    "chunks": (lambda: data.FileDataSource(b"", chunk_size=0), ArgumentError, "chunk_size of at least 1"),
    "a delimiter": (lambda: data.csv(b"", delimiter="::"), ArgumentError, "one character, got '::'"),
    "no names": (lambda: data.csv(b"1,2", has_header=False).column_names(), DataError, "needs column_names"),
    "names": (lambda: data.csv(b"a,b\n", column_names=["x"]).to_array(), DataError, "1 names, but .* 2 columns: a, b"),
    "doubled": (lambda: data.csv(b"a,b,a\n").to_array(), DataError, "several columns of one name: a"),
    "empty": (lambda: data.csv(b"").to_array(), DataError, "The CSV file is empty"),
    "a short row": (
        lambda: data.csv(b"a,b\n1,2\n3\n").to_array(),
        DataError,
        "Line 3 .* has 1 columns, but .* 2 column",
    ),
    "a column": (
        lambda: data.csv(b"size\n1\n", column_configs={"sise": {}}).to_array(),
        VelveteenError,
        'Unknown column "sise". Did you mean "size"',
    ),
    "a setting": (
        lambda: data.csv(b"", column_configs={"a": {"requried": 1}}),
        VelveteenError,
        'Did you mean "required"',
    ),
    "a dtype": (
        lambda: data.csv(b"", column_configs={"a": {"dtype": "int64"}}),
        VelveteenError,
        'Did you mean "int32"',
    ),
    "a required field": (
        lambda: data.csv(b"a,b\n1,\n", column_configs={"b": {"required": True}}).to_array(),
        DataError,
        '"b" is empty in line 2 .* default',
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls(name):
    call, error, message = WRONG[name]
    with pytest.raises(error, match=message):
        call()


def test_a_server_that_fails(server):
    with pytest.raises(MissingFileError, match="answered 404"):
        data.csv(f"{server}/nothing.csv").to_array()
    with pytest.raises(FileFormatError, match="stopped 992 bytes before the end"):
        data.csv(f"{server}/cut.csv").to_array()
    with pytest.raises(MissingFileError, match="Cannot reach"):
        data.csv("http://127.0.0.1:9/a.csv").to_array()


MEMORY = """
import resource, sys
import velveteen as vt

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 if sys.platform == "linux" else 1024)

def loop(dataset):
    rows = dataset.map(lambda row: {"xs": [row["xs"]["a"]], "ys": [row["ys"]["b"]]}).shuffle(1000).batch(256)
    return sum(len(batch["xs"]) for batch in rows.prefetch(2))

dataset = vt.data.csv(sys.argv[1], column_configs={"b": {"is_label": True}})
loop(dataset.take(5000))
before = peak()
print(loop(dataset), peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells no peak of memory")
def test_a_large_file_is_not_held_in_memory(tmp_path):
    path = tmp_path / "large.csv"
    line = "1.5,2," + "x" * 480 + "\n"
    path.write_text("a,b,c\n" + line * 80_000)
    assert path.stat().st_size > 35_000_000
    answer = subprocess.run([sys.executable, "-c", MEMORY, path], capture_output=True, text=True, check=True)
    count, kilobytes = map(int, answer.stdout.split())
    assert count == 80_000
    assert kilobytes < 10_000
