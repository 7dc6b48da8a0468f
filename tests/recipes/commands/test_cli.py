"""`velveteen commands` as a user types it, on tones that stand for words."""

import json
import sys

import numpy as np
import pytest
import soundfile
from PIL import Image
from typer.testing import CliRunner

from velveteen.cli.main import app
from velveteen.recipes.commands import adaptation, espeak, evaluation, recording, sounds, streams, synthesis

RATE = 8000
LABELS = ["fall", "rise", "stay", "_silence_"]


def size(picture):
    with Image.open(picture) as opened:
        return opened.size


def run(*arguments):
    return CliRunner().invoke(app, ["commands", *map(str, arguments)])


@pytest.fixture(scope="module")
def trained(tones, tmp_path_factory):
    """A model in a folder, and what the training printed."""
    out = tmp_path_factory.mktemp("cli") / "model"
    result = run(
        "train", tones, "--model", "small", "--split", "index:0-1", "--epochs", 8, "--no-unknown", "--out", out, "--seed", 1
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return out, result


def test_train_writes_a_model_confusions_and_a_page(trained, tones):
    out, result = trained
    assert f"Learning from the recordings in {tones}: 54 to learn from, 18 to test on" in result.stdout
    assert "Accuracy" in result.stdout and "(18 of 18" in result.stdout
    for name in ("model.json", "confusion.png", "index.html"):
        assert (out / name).exists()
        assert f"Wrote {out / name}" in result.stdout.replace("\n", "")


def test_evaluate_tests_on_what_was_kept(trained, tones, tmp_path):
    picture = tmp_path / "confusion.png"
    result = run("evaluate", trained[0], tones, "--json", "--picture", picture)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert {"accuracy", "examples", "labels", "confusion", "per_speaker"} <= set(found)
    assert (found["examples"], found["labels"]) == (18, LABELS)
    assert np.array(found["confusion"]).sum() == 18
    assert set(found["per_speaker"]) == {"ann", "bob", "eve"}
    assert found["accuracy"] == np.trace(found["confusion"]) / 18
    assert size(picture)[0] > 300
    words = run("evaluate", trained[0], tones)
    assert "commands an hour that nobody said" in words.stdout.replace("\n", " ")
    assert "eve" in words.stdout


def test_evaluate_chooses_a_threshold_for_a_rate(trained, tones):
    rates = {}
    for wanted in (0, 100_000):
        result = run("evaluate", trained[0], tones, "--false-accepts-per-hour", wanted, "--json")
        rates[wanted] = json.loads(result.stdout)
    assert rates[100_000]["threshold"] == 0.5
    assert rates[0]["threshold"] >= 0.5
    assert rates[0]["false_accepts_per_hour"] <= rates[100_000]["false_accepts_per_hour"]


def test_more_false_accepts_than_wanted_are_told(trained, tones, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "false_accepts_per_hour", lambda *of: 50.0)
    few = " ".join(run("evaluate", trained[0], tones, "--false-accepts-per-hour", 2).stdout.split())
    assert "About 50 words an hour" in few and "2 were wanted" in few
    assert "were wanted" not in run("evaluate", trained[0], tones, "--false-accepts-per-hour", 50).stdout
    options = ("--model", "small", "--epochs", 1, "--no-unknown", "--out", tmp_path / "model", "--seed", 1)
    told = run("train", tones, *options).stdout
    assert "With it, about 50 words an hour" in told and "6 were wanted. A higher threshold would miss" in told
    found = json.loads(run("train", tones, *options, "--json").stdout)
    assert (found["false_accepts_per_hour"], found["wanted_per_hour"]) == (50, 6)


def test_predict(trained, tones):
    files = [tones / "rise_ann_0.wav", tones / "fall_bob_1.wav"]
    result = run("predict", trained[0], *files, "--json")
    found = json.loads(result.stdout)
    assert [(each["file"], each["label"]) for each in found] == [(str(files[0]), "rise"), (str(files[1]), "fall")]
    for each in found:
        assert list(each["scores"]) == LABELS
        assert sum(each["scores"].values()) == pytest.approx(1, abs=1e-5)
        assert each["score"] == each["scores"][each["label"]]
    assert run("predict", trained[0], files[0]).stdout.startswith(f"{files[0]}: rise (")


@pytest.fixture
def stream(tones, tmp_path):
    """A recording with two words in it, at 1.0 and 3.5 seconds, at another rate."""
    sound = 0.0005 * np.random.default_rng(1).standard_normal(6 * 16000).astype(np.float32)
    for begin, name in ((1.0, "rise_eve_0"), (3.5, "fall_eve_1")):
        word = sounds.read(tones / f"{name}.wav", 16000)
        sound[int(begin * 16000) :][: len(word)] += word
    path = tmp_path / "stream.wav"
    soundfile.write(path, sound, 16000)
    return path


def test_listen_answers_line_by_line(trained, stream):
    result = run("listen", trained[0], stream, "--threshold", 0.6, "--json")
    assert result.exit_code == 0, result.output
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["label"] for event in events] == ["rise", "fall"]
    assert all(set(event) == {"time", "label", "score"} and 0.6 <= event["score"] <= 1 for event in events)
    np.testing.assert_allclose([event["time"] for event in events], [1.0, 3.5], atol=0.15)
    lines = run("listen", trained[0], stream, "--threshold", 0.6).stdout.splitlines()
    assert [line.split()[1] for line in lines] == ["rise", "fall"]
    assert lines[0].split()[0].startswith(("0:00.9", "0:01."))


def test_listen_runs_programs_without_a_shell(trained, stream, tmp_path):
    script = tmp_path / "note.py"
    note = tmp_path / "note.txt"
    script.write_text(
        "import os, sys\n"
        "open(sys.argv[1], 'a').write(' '.join([os.environ['VELVETEEN_WORD'], os.environ['VELVETEEN_TIME'], *sys.argv[2:]]))"
    )
    line = f"{sys.executable} {script} {note} '$HOME; a b' *"
    result = run("listen", trained[0], stream, "--threshold", 0.6, "--on", "fall", line, "--json")
    assert result.exit_code == 0, result.output
    word, time, *rest = note.read_text().split(" ")
    assert word == "fall"
    assert float(time) == pytest.approx(3.5, abs=0.15)
    assert " ".join(rest) == "$HOME; a b *"
    failing = run("listen", trained[0], stream, "--threshold", 0.6, "--on", "rise", f"{sys.executable} -c 'exit(3)'")
    assert "ended with exit code 3." in failing.stderr


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (("riese", "true"), 'Unknown word "riese". Did you mean "rise"'),
        (("rise", "no-such-program-here"), "There is no program 'no-such-program-here' for rise."),
        (("rise", "echo 'a"), "The command for rise cannot be read: No closing quotation"),
        (("rise", " "), "The command for rise is empty."),
    ],
)
def test_programs_that_cannot_be_run_are_told_before_listening(trained, stream, pair, message):
    result = run("listen", trained[0], stream, "--on", *pair)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_show_draws_what_was_heard(trained, stream, tmp_path, monkeypatch):
    picture = tmp_path / "show.png"
    result = run("show", stream, "--model", trained[0], "--out", picture, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["picture"] == str(picture)
    monkeypatch.chdir(tmp_path)
    alone = run("show", stream)
    assert "There is no model to listen to it" in alone.stderr
    assert "Wrote stream.png" in alone.stdout
    with_model, without = size(picture), size(tmp_path / "stream.png")
    assert with_model[0] == without[0] and with_model[1] > without[1] > 300


def fake_microphone(monkeypatch, *takes):
    """Lets the microphone hear one sound after the other, a sound each time it is opened; returns the list that is left."""
    left = list(takes)

    def from_microphone(rate, device=None):
        yield from np.array_split(left.pop(0), 20)
        yield np.zeros(10 * rate, np.float32)

    monkeypatch.setattr(streams, "from_microphone", from_microphone)
    monkeypatch.setattr(streams, "check_microphone", lambda device=None: None)
    return left


def said(tones, name):
    word = sounds.read(tones / f"{name}.wav", recording.SAMPLE_RATE)
    sound = np.zeros(2 * recording.SAMPLE_RATE, np.float32)
    sound[8000 : 8000 + len(word)] = word
    return sound


def test_record_prompts_checks_and_writes_files_that_train_understands(tones, tmp_path, monkeypatch):
    silence = np.zeros(32000, np.float32)
    hum = 0.01 * np.random.default_rng(1).standard_normal(32000).astype(np.float32)
    left = fake_microphone(
        monkeypatch,
        said(tones, "rise_ann_0"),
        silence,
        hum,
        said(tones, "fall_ann_0"),
        *[said(tones, "rise_ann_1")] * 2,
    )
    result = run("record", "rise", "fall", "--count", 2, "--out", tmp_path / "voice", "--speaker", "ann", "--json")
    assert result.exit_code == 0, result.output
    assert left == []
    assert "is silent" in result.stderr and "nothing that is louder" in result.stderr
    names = ["rise/rise_ann_0.wav", "fall/fall_ann_0.wav", "rise/rise_ann_1.wav", "fall/fall_ann_1.wav"]
    assert json.loads(result.stdout)["files"] == [str(tmp_path / "voice" / name) for name in names]
    more = run(
        "record",
        "stay",
        "--file",
        tones / "stay_bob_0.wav",
        "--file",
        tones / "stay_bob_1.wav",
        "--out",
        tmp_path / "voice",
    )
    assert more.exit_code == 0, more.output
    assert (tmp_path / "voice" / "stay" / "stay_me_1.wav").exists()


def test_record_gives_up_when_nobody_speaks(tmp_path, monkeypatch):
    fake_microphone(monkeypatch, *[np.zeros(32000, np.float32)] * 3)
    result = run("record", "stop", "--out", tmp_path / "voice")
    assert result.exit_code == 2
    assert not (tmp_path / "voice").exists()


def test_record_refuses_names_that_no_file_can_have(tmp_path):
    for word in ("a/b", "..", "a_b", " "):
        result = run("record", word, "--out", tmp_path / "voice")
        assert result.exit_code == 2 and "cannot be the name of a word" in result.stderr
    several = run("record", "a", "b", "--file", "x.wav", "--out", tmp_path)
    assert "Files are recordings of one word" in several.stderr


def test_adapt_learns_a_word_more(trained, tones, tmp_path, monkeypatch):
    monkeypatch.setattr(synthesis, "available", lambda: False)
    monkeypatch.setattr(adaptation, "EPOCH", 100)
    monkeypatch.setattr(adaptation, "REHEARSAL", 100)
    for index in range(3):
        (tmp_path / "voice" / "hiss").mkdir(parents=True, exist_ok=True)
        noise = 0.2 * np.random.default_rng(index).standard_normal(4000) * np.hanning(4000)
        soundfile.write(tmp_path / "voice" / "hiss" / f"hiss_me_{index}.wav", noise, RATE)
    result = run("adapt", trained[0], tmp_path / "voice", "--out", tmp_path / "mine", "--seed", 1, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["words"] == [*LABELS, "hiss"]
    assert (tmp_path / "mine" / "index.html").exists()
    assert json.loads(run("predict", tmp_path / "mine", tmp_path / "voice/hiss/hiss_me_0.wav", "--json").stdout)[0][
        "scores"
    ].keys() == {*LABELS, "hiss"}


def test_page(trained, tmp_path):
    result = run("page", trained[0], "--out", tmp_path / "page.html", "--json")
    assert json.loads(result.stdout) == {"file": str(tmp_path / "page.html")}
    text = (tmp_path / "page.html").read_text()
    assert "<link" not in text
    assert "Say a word" in text


def test_what_is_missing_is_told_in_a_sentence(trained, monkeypatch, tmp_path):
    for name in ("sounddevice", "espeakng_loader"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    espeak.open_espeak.cache_clear()
    cases = [
        (("listen", trained[0]), "sounddevice"),
        (("record", "stop", "--out", tmp_path / "voice"), "sounddevice"),
        (("train", "--words", "stop,go", "--no-unknown", "--out", tmp_path / "model"), "espeak-ng"),
    ]
    for arguments, name in cases:
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert name in result.stderr and len(result.stderr.splitlines()) == 1
        as_json = run(*arguments, "--json")
        assert as_json.exit_code == 2 and name in json.loads(as_json.stdout)["error"]
    assert not (tmp_path / "model" / "model.json").exists()
