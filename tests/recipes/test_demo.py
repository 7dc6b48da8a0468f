"""`velveteen demo`, with few examples so that it is quick; tests/browser/test_demo_page.py draws on its page."""

import json
import re
import socket
import threading
import urllib.request
import webbrowser

import pytest
from typer.testing import CliRunner

from velveteen.cli import demo as command
from velveteen.cli.main import app
from velveteen.recipes import _page
from velveteen.recipes.digits import data, main, page


@pytest.fixture
def quick(monkeypatch, some_digits):
    monkeypatch.setattr(data, "sample", lambda: some_digits)
    monkeypatch.setattr(main, "DEMO_EPOCHS", 1)


def run(*arguments):
    return CliRunner().invoke(app, ["demo", *map(str, arguments)])


def test_it_trains_and_writes_a_page(quick, tmp_path):
    out = tmp_path / "demo"
    result = run("--out", out)
    assert result.exit_code == 0, result.output
    assert "Test accuracy" in result.stdout
    assert f"Open {out / 'index.html'} in a browser" in result.stdout.replace("\n", "")
    assert (out / "model.json").exists()
    assert "Draw a digit" in (out / "index.html").read_text()


def test_json(quick, tmp_path):
    result = run("--out", tmp_path, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["measured"]["examples"] == 100


def test_open_serves_the_page_to_this_machine(quick, tmp_path, monkeypatch):
    fetched = {}

    def visit(address):
        def fetch():
            fetched["page"] = urllib.request.urlopen(address).read().decode()
            servers[0].shutdown()

        fetched["address"] = address
        threading.Thread(target=fetch).start()

    servers = []
    make = command.make_server
    monkeypatch.setattr(command, "make_server", lambda *arguments: servers.append(make(*arguments)) or servers[0])
    monkeypatch.setattr(webbrowser, "open", visit)
    result = run("--out", tmp_path, "--open", "--port", 0)
    assert result.exit_code == 0, result.output
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/index\.html", fetched["address"])
    assert f"Serving {fetched['address']}" in result.stdout
    assert "Draw a digit" in fetched["page"]


def test_a_port_in_use_is_told_before_training(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("--out", tmp_path / "demo", "--open", "--port", port)
    assert result.exit_code == 2
    assert f"error: Port {port} cannot be used: " in result.stderr
    assert "Choose another with --port." in result.stderr
    assert not (tmp_path / "demo").exists()


@pytest.fixture
def model_folder(quick, tmp_path):
    run("--out", tmp_path / "model")
    return tmp_path / "model"


def test_the_page_takes_tensorflowjs_inside_or_from_its_cdn(model_folder, tmp_path, monkeypatch):
    script = tmp_path / "tf.min.js"
    script.write_text('const end = "</script>"; /* {{model}} */\n//# sourceMappingURL=tf.min.js.map')
    inside = page.write(model_folder, tmp_path / "inside.html", "About <b>", script).read_text()
    assert r'const end = "<\/script>"; /* {{model}} */' in inside
    assert "sourceMappingURL" not in inside
    assert r"About \u003cb>" in inside
    monkeypatch.setattr(page, "find_tensorflow_js", lambda: None)
    outside = page.write(model_folder, tmp_path / "outside.html", "About").read_text()
    assert re.search(
        r'<script src="https://cdn\.jsdelivr\.net/npm/@tensorflow/tfjs@4\.22\.0/dist/tf\.min\.js" '
        r'integrity="sha384-[\w+/]{64}" crossorigin="anonymous"></script>',
        outside,
    )


def test_tensorflowjs_is_found_where_one_works(tmp_path, monkeypatch):
    script = tmp_path / _page.TENSORFLOW_JS
    script.parent.mkdir(parents=True)
    script.write_text("")
    monkeypatch.chdir(tmp_path)
    assert _page.find_tensorflow_js() == script
