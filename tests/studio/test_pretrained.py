"""The models that come with velveteen are served, and nothing beside them."""

import pytest


def test_they_are_listed_and_served(client):
    told = client.get("/api/pretrained").json()
    assert {"css", "javascript", "json", "python"} <= {each["name"] for each in told if each["recipe"] == "formatter"}
    (script,) = (each for each in told if each["name"] == "javascript")
    assert {"javascript", "typescript", "tsx"} == set(script["languages"])
    for each in told:
        address = f"/api/pretrained/{each['recipe']}/{each['name']}/files/"
        model = client.get(address + "model.json").json()
        assert model["userDefinedMetadata"]["recipe"] == each["recipe"]
        for group in model["weightsManifest"]:
            assert all(client.get(address + path).status_code == 200 for path in group["paths"])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nothing/css/files/model.json", 404),
        ("formatter/nothing/files/model.json", 404),
        ("formatter/css/files/nothing.bin", 404),
        ("formatter/css/files/..%2fjson%2fmodel.json", 404),
        ("formatter/..%2f..%2fdigits/files/main.py", 404),
        ("formatter/.../files/model.json", 422),
    ],
)
def test_others_are_refused(client, path, status):
    assert client.get(f"/api/pretrained/{path}").status_code == status


def test_strangers_are_refused(stranger):
    assert stranger.get("/api/pretrained").status_code == 401
