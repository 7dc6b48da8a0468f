"""Pictures and tables decoded in other processes: the same values, faults told, nothing left running."""

import contextlib
import threading
import time

import numpy as np
import pytest
from PIL import Image

from velveteen import data
from velveteen.data import _processes, folders
from velveteen.data._decoder import parse_numbers
from velveteen.errors import ArgumentError, DataError


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """600 pictures of two classes, one of them broken."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for label in ("a", "b"):
        (folder / label).mkdir()
        for number in range(300):
            Image.fromarray(random.integers(0, 256, (6, 5, 3), dtype=np.uint8)).save(
                folder / label / f"{number:03}.png"
            )
    (folder / "a" / "007.png").write_bytes(b"\x89PNG, but not really")
    return folder


def values(dataset):
    return [(np.asarray(element["xs"]), np.asarray(element["ys"])) for element in dataset]


def assert_equal(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.filterwarnings("ignore:.*007.png is left out")
@pytest.mark.parametrize("options", [{}, {"shuffle": False, "channels": 1, "fit": "pad"}, {"one_hot": False}])
@pytest.mark.parametrize("rest", [True, False])
def test_pictures_are_those_of_threads(pictures, monkeypatch, options, rest):
    in_processes = data.image_folder(pictures, (4, 4), **options)
    found, batched = values(in_processes), values(in_processes.batch(50, rest))
    assert len(in_processes.broken) == 1
    monkeypatch.setattr(folders, "_MANY", 10**9)
    here = data.image_folder(pictures, (4, 4), **options)
    assert_equal(found, values(here))
    assert_equal(batched, values(here.batch(50, rest)))


CSV = "a,b,c\n" + "".join(f"{i},{i / 4},{i % 3}\n" for i in range(300))


@pytest.mark.parametrize("configs", [{}, {"c": {"is_label": True}}])
@pytest.mark.parametrize("workers", [0, 1, 2])
def test_vectors_are_the_rows(configs, workers, monkeypatch):
    monkeypatch.setattr("velveteen.data._csv_vectors._LARGE", 10)
    source = data.FileDataSource(CSV.encode(), chunk_size=500)
    rows = data.csv(source, column_configs=configs)
    vectors = data.csv(source, column_configs=configs, as_vectors=True, workers=workers)
    expected = (
        [row.values() for row in rows] if not configs else [[*row["xs"].values(), *row["ys"].values()] for row in rows]
    )
    expected = np.array([list(row) for row in expected], np.float32)

    def joined(elements):
        parts = [[element["xs"], element["ys"]] if configs else [element] for element in elements]
        return [np.concatenate([part.numpy() for part in each], -1) for each in parts]

    np.testing.assert_array_equal(np.stack(joined(vectors)), expected)
    batches = joined(vectors.batch(64))
    assert [len(batch) for batch in batches] == [64, 64, 64, 64, 44]
    np.testing.assert_array_equal(np.concatenate(batches), expected)
    assert len(vectors.batch(64, small_last_batch=False).to_array()) == 4


@pytest.mark.parametrize(
    "line",
    [
        "1,2",
        " 1 ,+2",
        "1e3,-.5",
        "0x10,1",
        '"1",2',
        ",2",
        " ,2",
        "1e400,2",
        "9007199254740993,2",
        "12345678901234567890,3",
        "5.,1",
    ],
)
def test_odd_numbers_are_read_as_in_rows(line):
    content = f"a,b\r\n1,2\r\n{line}\r\n3,4".encode()
    expected = [[np.nan if value is None else value for value in row.values()] for row in data.csv(content)]
    with np.errstate(over="ignore"):
        found = np.stack([row.numpy() for row in data.csv(content, as_vectors=True)])
        np.testing.assert_array_equal(found, np.array(expected, np.float32))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n3,x\n", r'Column "b" holds the text \'x\' in line 3'),
        ("a,b\n1,2\n3\n", r"Line 3 of the CSV file has 1 columns, but there are 2"),
        ("a,b\n1,2\n\n3,4\n", r"Line 3 of the CSV file has 1 columns"),
        ("a,b\n1,2\n3,NaN\n", r"holds the text 'NaN'"),
    ],
)
def test_what_is_no_number_is_told_with_its_line(content, message):
    with pytest.raises(DataError, match=message):
        list(data.csv(content.encode(), as_vectors=True))


def test_other_dtypes_do_not_go_with_vectors():
    with pytest.raises(ArgumentError, match="float32 only"):
        data.csv(b"a\n1", column_configs={"a": {"dtype": "string"}}, as_vectors=True)


def test_settings_hold_for_vectors_too():
    content = "\ufeff1 2  x\n\n".encode().replace(b"\n\n", b"\n")
    with pytest.raises(DataError, match="text 'x'"):
        list(data.csv(content, has_header=False, column_names=["a", "b", "c"], delim_whitespace=True, as_vectors=True))
    chosen = data.csv(
        b"a;b;c\n1;;x\n",
        delimiter=";",
        column_configs={"b": {"default": 7, "is_label": True}, "a": {}},
        configured_columns_only=True,
        as_vectors=True,
    )
    assert [(row["xs"].array_sync(), row["ys"].array_sync()) for row in chosen] == [([1], [7])]


def test_only_plain_numbers_are_parsed_quickly():
    assert parse_numbers(b"1,2\n3,4", 2, ",").tolist() == [[1, 2], [3, 4]]
    assert parse_numbers(b"1;2\n", 2, ";").tolist() == [[1, 2]]
    for text in (b"1,2\n3", b"1,,2", b"1,x", b"1 2,3", b"1,2,3\n4", b"1;2", b"-,1", b"1,-", b"- 1,2", b"1,"):
        assert parse_numbers(text, 2, ",") is None, text


def test_leaving_early_ends_the_threads(pictures):
    batches = iter(data.image_folder(pictures, (4, 4)).batch(10))
    next(batches)
    batches.close()
    deadline = time.monotonic() + 10
    while any(thread.name.startswith("velveteen-map") for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.filterwarnings("ignore:.*007.png is left out")
def test_processes_that_ended_are_replaced(pictures):
    dataset = data.image_folder(pictures, (4, 4), shuffle=False)
    expected = values(dataset.batch(100))
    for process in _processes._idle:
        process._process.kill()
    assert_equal(values(dataset.batch(100)), expected)


def test_a_process_that_fails_is_an_error(monkeypatch, pictures):
    def fail(self, question):
        raise EOFError

    with contextlib.suppress(IndexError):
        while True:
            _processes._idle.pop().end()
    monkeypatch.setattr(_processes._Process, "ask", fail)
    with pytest.raises(
        DataError, match=r"The process that decodes ended while it read one of .*png and what follows.*workers=0"
    ):
        list(data.image_folder(pictures, (4, 4)))
