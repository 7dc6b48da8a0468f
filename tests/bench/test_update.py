"""A part measured again takes its place among the results of the last whole run."""

import pytest

from bench.run import updated

MACHINE = {"cores": 2}


def part(results, roofs=(), **head):
    return {"date": "now", "machine": MACHINE, "versions": {}, "results": results, "roofs": list(roofs), **head}


def record(contender, network, milliseconds, **more):
    return {"contender": contender, "network": network, "precision": "float32", "milliseconds": milliseconds, **more}


def roof(network, gflops):
    return {"network": network, "precision": "float32", "gflops": gflops}


def test_what_is_measured_replaces_and_the_rest_stays():
    before = part(
        [record("a", "dense", 1, rows=1), record("a", "dense", 2, rows=128), record("a", "cnn", 3)],
        [roof("dense", 10), roof("cnn", 20)],
        date="then",
        versions={"one": 1, "two": 2},
        flops={"dense": 5, "cnn": 6},
    )
    now = part([record("a", "dense", 9, rows=128)], [roof("dense", 11)], versions={"two": 3}, flops={"dense": 7})
    made = updated(before, now)
    assert [each["milliseconds"] for each in made["results"]] == [1, 9, 3]
    assert [each["gflops"] for each in made["roofs"]] == [11, 20]
    assert (made["date"], made["versions"], made["flops"]) == ("now", {"one": 1, "two": 3}, {"dense": 7, "cnn": 6})


def test_another_machine_is_refused():
    with pytest.raises(SystemExit, match="another machine"):
        updated(part([]), part([], machine={"cores": 4}))
