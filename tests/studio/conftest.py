import json
import subprocess
import sys

import pytest
from starlette.testclient import TestClient

import velveteen as vt
from velveteen.cli.studio import trainable
from velveteen.studio.app import Studio, create_app

PORT = 8317
TOKEN = "the-token"
OWN = {"Host": f"127.0.0.1:{PORT}", "Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def studio(tmp_path):
    return Studio(tmp_path, commands=list(trainable()))


@pytest.fixture
def stranger(studio):
    """Asks the studio without the token."""
    return TestClient(create_app(studio, TOKEN, PORT), base_url=f"http://127.0.0.1:{PORT}")


@pytest.fixture
def client(studio):
    """Asks the studio as its page does."""
    return TestClient(create_app(studio, TOKEN, PORT), base_url=f"http://127.0.0.1:{PORT}", headers=OWN)


@pytest.fixture
def saved(studio):
    """Saves a small model called "little" into the models folder."""
    model = vt.sequential(
        [
            vt.layers.conv2d(3, kernel_size=3, activation="relu", input_shape=[8, 8, 1], name="look"),
            vt.layers.flatten(),
            vt.layers.dense(2, activation="softmax", name="say"),
        ]
    )
    model.user_defined_metadata = {"recipe": "own", "training": {"epochs": 2}}
    model.save(studio.models.path("little"))
    return model


@pytest.fixture(scope="module")
def address(folder):
    """Where `velveteen studio` answers, run on the `folder` of the tests' module."""
    command = [sys.executable, "-m", "velveteen", "studio", str(folder), "--no-open", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        yield json.loads(server.stdout.readline())["url"]
        server.kill()
