"""As a user types it."""

import json

import pytest
from typer.testing import CliRunner

from velveteen.cli.main import app
from velveteen.recipes.layout import data

pytestmark = pytest.mark.usefixtures("needs_chromium")

SOUND = "<!doctype html><title>Fine</title><style>p { color: #333 }</style><h1>Fine</h1><p>Some words.</p>"
BROKEN = (
    SOUND + '<p id="cut" style="height: 10px; overflow: hidden; width: 200px">A line of text that is cut through</p>'
)


def run(*arguments, code=0):
    result = CliRunner().invoke(app, ["layout", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "fine.html").write_text(SOUND)
    (folder / "broken.html").write_text(BROKEN)
    return folder


def test_check_and_its_exit_codes(site, tmp_path):
    told = run("check", site, "--viewport", "390x844,800x600", "--explain", "--timeout", 60, code=1)
    assert "text-clipped" in told.stdout and "4 looked at: 2 broken" in told.stdout and "px bottom" in told.stdout
    answer = json.loads((tmp_path / "layout-report" / "results.json").read_text())
    assert [each["viewport"] for each in answer["targets"]] == [[390, 844], [800, 600]] * 2
    assert run("check", site / "fine.html").stdout.count("1 looked at: 0 broken") == 1
    assert "There is no file" in run("check", site / "fine.html", "gone.html", code=2).stdout


def test_accepting_ignoring_and_json(site, tmp_path):
    assert "Accepted 1 findings in layout-baseline.json" in run("check", site / "broken.html", "--accept").stdout
    assert "1 accepted earlier" in run("check", site / "broken.html").stdout
    (tmp_path / "layout-baseline.json").unlink()
    run("check", site / "broken.html", "--ignore", "#cut")
    (tmp_path / "layout-ok.txt").write_text("# Not ours\n#cut\n")
    answer = json.loads(run("check", site / "broken.html", "--json").stdout)
    assert answer["targets"][0]["ok"] is True and answer["targets"][0]["findings"] == []


def test_comparing_tells_what_is_broken_now_and_was_not(site, tmp_path):
    new = tmp_path / "new"
    new.mkdir()
    (new / "fine.html").write_text(SOUND.replace("#333", "#e33"))  # a wanted change
    (new / "broken.html").write_text(BROKEN + BROKEN.partition("</p>")[2].replace("cut", "late"))
    (new / "added.html").write_text(SOUND)
    answer = json.loads(run("compare", "site", "new", "--json", code=1).stdout)
    added, broken, fine = answer["targets"]
    assert [each["selector"] for each in broken["findings"]] == ["#late"] and 0 < broken["changed"] < 0.1
    assert fine["ok"] and fine["changed"] > 0 and added["ok"] and added["changed"] is None
    assert "0.00 % of the pixels differ" in run("compare", "site/broken.html", "site/broken.html").stdout
    assert "could not be checked" in run("compare", "gone.html", "site/fine.html", code=2).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--kinds", "overlapp"), 'Unknown kind "overlapp". Did you mean "overlap"?'),
        (
            ("--viewport", "wide"),
            'A viewport is WIDTHxHEIGHT in CSS pixels, such as 390x844, at most 16,384 each, got "wide".',
        ),
        (("--ignore", "1,2,3,0"), "A box to ignore is x,y,width,height"),
        (("--storage-state", "none.json"), "There is no file none.json."),
        (("--model", "none"), "none"),
    ],
)
def test_calls_that_are_wrong(site, arguments, message):
    assert message in run("check", site / "fine.html", *arguments, code=2).stderr


def test_from_nothing_to_a_check_with_a_network(site, tmp_path):
    made = json.loads(run("make", "pictures", "--pages", 4, "--json").stdout)
    assert sum(made["kept"].values()) >= 5 and made["failed"] == []
    assert len(data.load("pictures")) == 4 + sum(made["kept"].values())
    before = sorted(path.stat().st_mtime_ns for path in (tmp_path / "pictures").iterdir())
    run("make", "pictures", "--pages", 4)
    assert (
        sorted(path.stat().st_mtime_ns for path in (tmp_path / "pictures").iterdir()) == before
    )  # nothing is made twice
    small = ("--width", 2, "--depth", 2, "--epochs", 1, "--steps", 2, "--pairs", 1, "--crop", 128, "--crop", 256)
    assert "Wrote model" in run("train", "pictures", *small, "--out", "model", "--seed", 1).stdout
    figures = json.loads(run("evaluate", "pictures", "--model", "model", "--json").stdout)
    assert list(figures) == ["rules", "network", "both"]
    for each in figures.values():
        assert each["sound"] == 4 and each["broken"] == sum(made["kept"].values())
    told = run("evaluate", "pictures").stdout
    assert "by the rules on the DOM" in told and "by the network on the picture" in told
    assert isinstance(
        json.loads(run("predict", "model", next((tmp_path / "pictures").glob("*-sound.png")), "--json").stdout), list
    )
    picture = next((tmp_path / "pictures").glob("*-sound.png"))
    answer = json.loads(
        run("check", site / "broken.html", picture, "--model", "model", "--threshold", 1, "--json", code=1).stdout
    )
    page, shot = answer["targets"]
    assert page["findings"][0]["selector"] == "#cut"
    assert shot["error"] is None and shot["viewport"] == [shot["width"], shot["height"]]
    assert len(list((tmp_path / "layout-report").glob("*.heat.png"))) == 2
