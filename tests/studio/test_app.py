import io
import json
import zipfile

import numpy as np
import pytest

import velveteen as vt
from velveteen.training.runs import RunHistory


def test_recipes_tell_their_options(client):
    recipes = {recipe["recipe"]: recipe for recipe in client.get("/api/recipes").json()}
    assert {"digits", "writer", "formatter"} <= set(recipes)
    options = {option["name"]: option for option in recipes["digits"]["options"]}
    assert options["model"]["choices"] == ["dense", "cnn"]
    assert (options["epochs"]["kind"], options["epochs"]["least"]) == ("integer", 1)
    assert options["data"]["kind"] == "path"
    assert not {"out", "as_json", "resume", "teacher"} & {
        option["name"] for recipe in recipes.values() for option in recipe["options"]
    }


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"data": "../.."}, "leads out of"),
        ({"data": "/etc"}, "leads out of"),
        ({"epochs": 0}, "at least 1"),
        ({"epochs": 1.5}, "a whole number"),
        ({"epochs": True}, "a whole number"),
        ({"epoch": 1}, 'Did you mean "epochs"'),
        ({"model": "cn"}, 'Did you mean "cnn"'),
    ],
)
def test_settings_are_checked_before_anything_starts(client, studio, settings, words):
    answer = client.post("/api/runs", json={"recipe": "digits", "name": "a", "settings": settings})
    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    assert studio.history.all() == []


def test_unknown_recipes_and_names_are_refused(client):
    answer = client.post("/api/runs", json={"recipe": "digit", "name": "a"})
    assert answer.status_code == 400 and 'Did you mean "digits"' in answer.json()["detail"]
    answer = client.post("/api/runs", json={"recipe": "digits", "name": "../a"})
    assert answer.status_code == 422


def test_models_are_listed_and_described(client, saved):
    (listed,) = client.get("/api/models").json()
    assert (listed["name"], listed["recipe"], listed["training"]) == ("little", "own", {"epochs": 2})
    described = client.get("/api/models/little").json()
    assert [layer["name"] for layer in described["layers"]] == ["look", "flatten_1", "say"] or len(
        described["layers"]
    ) == 3
    kernel = next(weight for weight in described["weights"] if weight["name"] == "look/kernel")
    values = saved.get_layer("look").get_weights()[0].numpy()
    assert kernel["shape"] == [3, 3, 1, 3] and sum(kernel["counts"]) == 27
    assert kernel["least"] == pytest.approx(values.min()) and kernel["mean"] == pytest.approx(values.mean(), abs=1e-6)
    assert client.get("/api/models/other").status_code == 404


def test_a_model_comes_as_files_and_as_a_zip(client, saved, tmp_path):
    archive = zipfile.ZipFile(io.BytesIO(client.get("/api/models/little/zip").content))
    archive.extractall(tmp_path / "unpacked")
    again = vt.load_layers_model(tmp_path / "unpacked" / "little")
    x = np.random.default_rng(1).random((3, 8, 8, 1), dtype=np.float32)
    np.testing.assert_array_equal(again.predict(x).numpy(), saved.predict(x).numpy())
    for file in client.get("/api/models/little").json()["files"]:
        assert client.get(f"/api/models/little/files/{file}").status_code == 200


def test_examples_are_what_the_model_computes(client, saved):
    example = client.get("/api/models/little/example").json()
    (given,), (made,) = example["inputs"], example["outputs"]
    x = np.array(given["values"], np.float32).reshape(given["shape"])
    np.testing.assert_allclose(saved.predict(x).numpy().ravel(), made["values"], rtol=1e-6)


def test_a_model_can_be_deleted(client, saved, studio):
    assert client.delete("/api/models/little").status_code == 204
    assert client.get("/api/models").json() == []
    assert client.delete("/api/models/little").status_code == 404


def files(*contents, kind="image/png"):
    return [("files", (f"{place}.png", content, kind)) for place, content in enumerate(contents)]


PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


def test_data_sets_grow_by_one_example_or_many(client, studio):
    added = client.post("/api/datasets/pets/cat", files=files(PNG))
    assert added.status_code == 201
    (file,) = added.json()["files"]
    assert (added.json()["refused"], added.json()["total"]) == ([], 1)
    assert client.get("/api/datasets").json() == [{"name": "pets", "labels": {"cat": 1}}]
    assert client.get("/api/datasets/pets/cat").json() == [file]
    assert client.get(f"/api/datasets/pets/cat/{file}").content == PNG
    assert (studio.datasets.folder / "pets" / "cat" / file).read_bytes() == PNG
    assert client.delete(f"/api/datasets/pets/cat/{file}").status_code == 204
    assert client.get("/api/datasets/pets/cat").json() == []
    many = client.post("/api/datasets/pets/cat", files=files(*(PNG + bytes([place]) for place in range(60)))).json()
    assert many["total"] == 60 and many["files"] == sorted(many["files"])
    newest = list(reversed(many["files"]))
    assert client.get("/api/datasets/pets/cat").json() == newest[:24]
    assert client.get("/api/datasets/pets/cat", params={"skip": 50, "limit": 20}).json() == newest[50:]
    assert (studio.datasets.folder / "pets" / "cat" / newest[0]).read_bytes()[-1] == 59


def test_what_is_no_example_does_not_keep_others_out(client):
    answer = client.post("/api/datasets/pets/cat", files=files(PNG, b"GIF89a", PNG)).json()
    assert len(answer["files"]) == answer["total"] == 2
    assert [refused["name"] for refused in answer["refused"]] == ["1.png"]


@pytest.mark.parametrize(
    ("kind", "content"), [("image/png", b"GIF89a"), ("text/html", b"<script>"), ("", b"x"), ("image/png", b"")]
)
def test_only_pictures_and_sounds_are_taken(client, studio, kind, content):
    assert client.post("/api/datasets/pets/cat", files=files(content, kind=kind)).status_code == 400
    assert not studio.datasets.folder.exists()


def test_a_class_gets_another_name_or_is_deleted(client, studio):
    for label in ("cat", "dog"):
        client.post(f"/api/datasets/pets/{label}", files=files(PNG))
    assert client.patch("/api/datasets/pets/cat", json={"label": "dog"}).status_code == 409
    assert client.patch("/api/datasets/pets/cat", json={"label": "../dog"}).status_code == 422
    assert client.patch("/api/datasets/pets/cat", json={"label": "tom cat"}).status_code == 204
    assert client.get("/api/datasets").json() == [{"name": "pets", "labels": {"dog": 1, "tom cat": 1}}]
    (studio.datasets.folder / "pets" / "dog" / "notes.txt").write_text("mine")
    assert client.delete("/api/datasets/pets/tom cat").status_code == 204
    assert client.delete("/api/datasets/pets/dog").status_code == 204
    assert not (studio.datasets.folder / "pets" / "tom cat").exists()
    assert (studio.datasets.folder / "pets" / "dog" / "notes.txt").read_text() == "mine"
    assert client.delete("/api/datasets/pets/tom cat").status_code == 404


def test_a_run_of_ones_own_program_is_seen_live(client, studio):
    model = vt.sequential([vt.layers.dense(1, input_shape=[2])])
    model.compile("sgd", "meanSquaredError")
    recorder = vt.callbacks.RunRecorder("mine", studio.history.folder)
    x, y = np.random.default_rng(1).random((20, 2)), np.ones((20, 1))
    model.fit(x, y, epochs=3, validation_split=0.5, callbacks=[recorder], verbose=False)
    (run,) = client.get("/api/runs").json()
    assert (run["name"], run["state"], run["command"]) == ("mine", "done", [])
    points = client.get(f"/api/runs/{run['id']}/points").json()
    assert [point["step"] for point in points if point["kind"] == "epoch"] == [1, 2, 3]
    assert points[-1]["figures"] == {name: values[-1] for name, values in model.history.history.items()}
    assert (
        client.get(f"/api/runs/{run['id']}/points", params={"after": points[0]["number"], "limit": 1}).json()
        == points[1:2]
    )
    with client.websocket_connect(f"/api/runs/{run['id']}/live") as socket:
        message = json.loads(socket.receive_text())
    assert message["run"]["name"] == "mine"
    assert (message["summary"]["step"], message["summary"]["epoch"]) == (3, points[-1]["figures"])
    curves = client.get(f"/api/runs/{run['id']}/curves").json()["curves"]
    validation = next(curve for curve in curves if curve["name"] == "val_loss")
    assert validation == {
        "name": "val_loss",
        "kind": "epoch",
        "steps": [1, 2, 3],
        "values": model.history.history["val_loss"],
    }
    assert client.post(f"/api/runs/{run['id']}/stop").status_code == 409
    assert client.delete(f"/api/runs/{run['id']}").status_code == 204
    assert RunHistory(studio.history.folder).all() == []


@pytest.mark.parametrize("method", ["get", "delete"])
def test_runs_that_are_not_there(client, method):
    assert getattr(client, method)("/api/runs/7").status_code == 404
    assert client.post("/api/runs/7/resume").status_code == 404
