"""Tables from results: what a reader of docs/performance.md sees."""

import pytest

from bench import report
from bench.plot import draw

MACHINE = {
    "processor": "A Processor",
    "vendor": "Vendor",
    "cores": 2,
    "memory_gib": 8.0,
    "extensions": [],
    "python": "3.11",
}


def record(contender, milliseconds, network="dense", precision="float32", **more):
    return {"contender": contender, "network": network, "precision": precision, "milliseconds": milliseconds, **more}


def cannot(contender, network):
    return {"contender": contender, "network": network, "precision": "float32", "cannot": "kernel missing"}


@pytest.fixture
def training():
    return {
        "date": "2026-01-01",
        "machine": MACHINE,
        "versions": {"torch": "2.13"},
        "rounds": 5,
        "results": [
            record("velveteen", 2.0, peak_memory=512 * 2**20),
            record("torch", 3.0),
            record("keras-jax", 5.0),
            record("keras-tensorflow", 10.0),
            record("tensorflowjs-wasm", 1234.5),
            record("velveteen", 40.0, "cnn"),
            cannot("tensorflowjs-wasm", "cnn"),
        ],
        "roofs": [
            {"network": "dense", "precision": "float32", "gflops": {"mm": 50.0, "onednn": 100.0}},
            {"network": "cnn", "precision": "float32", "gflops": {}},
        ],
        "flops": {"dense": 50_000_000, "cnn": 1_000_000_000},
    }


def rows(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_a_cell_has_the_time_its_ratio_to_velveteen_and_its_part_of_the_faster_librarys_roof(training):
    table = {row[0]: row[1:] for row in rows(report.training_table(training, "float32"))}
    assert table["velveteen"] == ["2.00 ms · 25 %", "40.0 ms"]
    assert table["PyTorch, plain"] == ["3.00 ms · ×1.50 · 17 %", "–"]
    assert table["TensorFlow.js, wasm"] == ["1,234 ms · ×617 · 0.04 %", "cannot"]
    assert table["roof, GFLOP/s"] == ["100", "–"]


def test_targets_compare_with_the_fastest_keras(training):
    table = {row[0]: row[1:] for row in rows(report.targets_table(training))}
    assert table["float32: velveteen's time to that of the fastest Keras"] == ["0.40", "–"]
    assert table["float32: velveteen's time to that of PyTorch, plain"] == ["0.67", "–"]


def test_memory_is_in_mebibytes_and_only_of_those_that_tell(training):
    assert rows(report.memory_table(training))[2:] == [["velveteen", "512", "–"]]


def test_predictions_show_the_usual_way_and_the_fastest():
    results = [
        {**record("velveteen", {"predict": 0.2, "predict_on_batch": 0.1}), "rows": 1},
        {**record("velveteen", {"predict": 2.0}), "rows": 128},
    ]
    table = rows(report.predicting_table({"results": results}))
    assert table[0] == ["predict, ms (fastest way)", "dense, a row", "dense, a batch"]
    assert table[2] == ["velveteen", "0.200 (0.100)", "2.00"]


def test_digits_show_the_first_epoch_and_the_way_to_the_goal():
    epochs = [{"seconds": 20.0, "accuracy": 0.985}, {"seconds": 19.0, "accuracy": 0.991}]
    results = [
        {"contender": "velveteen", "precision": "float32", "epochs": epochs},
        {"contender": "torch", "precision": "float32", "epochs": epochs[:1]},
        {"contender": "keras-jax", "precision": "float32", "epochs": [], "cannot": "no answer in 300 s"},
    ]
    table = rows(report.digits_table({"results": results, "goal": 0.99, "source": "MNIST"}))
    assert table[0][-1] == "to 99.0 %"
    assert table[2:4] == [
        ["velveteen, float32", "20.0 s", "98.50 %", "39.0 s, 2 epochs"],
        ["PyTorch, plain, float32", "20.0 s", "98.50 %", "–"],
    ]
    assert not any("Keras" in row[0] for row in table)


def test_imports_tell_what_velveteen_adds_to_pytorch():
    results = [{"contender": "velveteen", "seconds": 1.25}, {"contender": "torch", "seconds": 1.1}]
    assert report.imports_table({"results": results}).endswith("To the time of PyTorch, velveteen adds 0.15 s.")


def test_tables_replace_what_stood_in_their_places():
    page = "# Title\n<!-- bench: a -->\nold\n<!-- end -->\nbetween\n<!-- bench: b -->\n<!-- end -->\n"
    filled = report.fill(page, {"a": "new", "b": "two"})
    assert filled == "# Title\n<!-- bench: a -->\nnew\n<!-- end -->\nbetween\n<!-- bench: b -->\ntwo\n<!-- end -->\n"
    assert report.fill(filled, {"a": "new"}) == filled


def test_a_page_without_the_place_is_refused():
    with pytest.raises(ValueError, match="no place <!-- bench: a -->"):
        report.fill("# Title\n", {"a": "new"})


def test_the_page_has_every_place(training):
    parts = {
        "training": {**training, "results": [*training["results"], record("torch", 1.0, precision="bfloat16")]},
        "predicting": {"results": []},
        "digits": {"results": [], "goal": 0.99, "source": "MNIST"},
        "imports": {"results": []},
    }
    page = report.PAGE.read_text(encoding="utf-8")
    assert page.count("<!-- bench: ") == len(report.tables(parts))
    report.fill(page, report.tables(parts))


def test_the_same_figures_give_the_same_picture(tmp_path):
    times = {"float32": {("velveteen", "dense"): 2.0, ("keras-jax", "dense"): 5.0}, "bfloat16": {}}
    for name in ("one.svg", "two.svg"):
        draw(times, ["dense"], tmp_path / name)
    drawn = (tmp_path / "one.svg").read_text()
    assert "Keras on JAX" in drawn and ">2.5<" in drawn
    assert drawn == (tmp_path / "two.svg").read_text()
