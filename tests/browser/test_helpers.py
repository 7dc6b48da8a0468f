import urllib.error
import urllib.request

import pytest

from tests import _javascript
from tools import node


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_what_a_machine_lacks_skips_the_test_but_fails_it_in_ci(monkeypatch, ci, outcome):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(node, "node_path", lambda: None)
    with pytest.raises(
        outcome, match=r'needs Node\.js 18 or newer, which this machine lacks\. "make browsers" gets it'
    ):
        _javascript.tensorflowjs_folder.__wrapped__()


def test_serving_folders(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.txt").write_text("inner")
    (tmp_path / "secret.txt").write_text("secret")
    with _javascript.serve({"/models": tmp_path / "inner"}) as address:
        assert urllib.request.urlopen(f"{address}/models/a.txt").read() == b"inner"
        for path in ("/a.txt", "/models/../secret.txt", "/models/%2e%2e/secret.txt"):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(address + path)
            caught.value.close()
