"""The tables of docs/commands.md say what was measured; speakers' first recordings are what a model is adapted with."""

import json

import numpy as np
import pytest

from bench import commands

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")


def record(accuracy, **more):
    return {
        "accuracy": accuracy,
        "interval": [accuracy - 0.01, accuracy + 0.01],
        "seconds": 99.0,
        "processor": 61.4,
        "seen": 1000,
        **more,
    }


def rows(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.split("\n")[2:]]


def test_the_official_table_ends_with_the_mean():
    made = commands.tables({"official": {"1": record(0.99), "2": record(0.98)}})
    assert rows(made["official"]) == [
        ["seed 1", "99.0 %", "98.0 to 100.0 %", "61 s"],
        ["seed 2", "98.0 %", "97.0 to 99.0 %", "61 s"],
        ["mean", "98.5 %", "", ""],
    ]


def test_the_ablation_has_a_row_a_method_in_order():
    results = {
        "speakers-both": {"ann": record(0.95), "bob": record(0.93)},
        "speakers-none": {"ann": record(0.7)},
    }
    made = rows(commands.tables(results)["speakers"])
    assert made == [
        ["the recordings as they are", "1,000", "70.0 %", "–", "70.0 %", "70.0 %"],
        ["changed, and synthesised words", "1,000", "95.0 %", "93.0 %", "94.0 %", "93.0 %"],
    ]


def test_adapted_models_stand_beside_the_unadapted_one():
    adapted = {
        "ann": record(0.98, others=0.82, others_before=0.8, largest_loss=0.01),
        "bob": record(0.96, others=0.81, others_before=0.84, largest_loss=0.04),
    }
    results = {"synthesised": {"all": record(0.82), "ann": record(0.84), "bob": record(0.8)}, "adapt": adapted}
    assert rows(commands.tables(results)["synthesised"]) == [
        ["ann", "84.0 %", "98.0 %", "+2.0"],
        ["bob", "80.0 %", "96.0 %", "-3.0"],
        ["all", "82.0 %", "97.0 %", "-4.0 worst"],
    ]


def test_records_join_those_that_are_there(tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "RESULTS", tmp_path / "commands.json")
    commands._keep("official", "1", record(0.9))
    commands._keep("official", "2", record(0.8))
    commands._keep("official", "1", record(0.95))
    found = json.loads((tmp_path / "commands.json").read_text())
    assert {name: each["accuracy"] for name, each in found["official"].items()} == {"1": 0.95, "2": 0.8}
    assert found["machine"]["cores"] >= 1


def test_a_speakers_first_recordings_are_learned_from_and_nothing_else_is_lost(tmp_path):
    from velveteen.recipes.commands import data

    tone = np.sin(np.arange(4000) / 5) * np.hanning(4000)
    for word in ("7", "8"):
        for speaker in ("ann", "bob"):
            for index in range(7):
                soundfile.write(tmp_path / f"{word}_{speaker}_{index}.wav", tone, 8000)
    few, rest = commands._few_of(data.load(tmp_path, split="none"), "ann")
    assert len(few) == 10 and set(few.speakers) == {"ann"}
    assert len(rest) == 18 and not set(few.files) & set(rest.files)
    assert {name.rsplit("_", 1)[1] for name, who in zip(rest.files, rest.speakers, strict=True) if who == "ann"} == {
        "5.wav",
        "6.wav",
    }
