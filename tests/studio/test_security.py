import pytest
from starlette.websockets import WebSocketDisconnect

from velveteen.studio import security
from velveteen.studio.security import BODY_LIMIT


def test_without_the_token_nothing_is_shown(stranger):
    for path in ("/", "/api/runs", "/api/openapi.json", "/assets/index.js"):
        answer = stranger.get(path)
        assert answer.status_code == 401
        assert "velveteen studio printed" in answer.json()["detail"]
    assert stranger.get("/api/runs", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert stranger.get("/", params={"token": "wrong"}).status_code == 401


def test_the_address_gives_a_cookie_and_leaves_the_token_out(stranger):
    answer = stranger.get("/", params={"token": "the-token"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "HttpOnly" in answer.headers["set-cookie"] and "SameSite=Strict" in answer.headers["set-cookie"]
    assert stranger.get("/api/runs").json() == []  # the cookie is kept


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8317", "127.0.0.1:9", "localhost", "0.0.0.0:8317", ""])
def test_other_hosts_are_refused(client, host):
    assert client.get("/api/runs", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:9", "null", "https://127.0.0.1:8317"])
def test_other_origins_are_refused(client, origin):
    assert client.get("/api/runs", headers={"Origin": origin}).status_code == 403
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/api/runs/1/live", headers={"Origin": origin}):
        pass


def test_the_own_origin_is_let_in(client):
    assert client.get("/api/runs", headers={"Origin": "http://127.0.0.1:8317"}).status_code == 200


def test_a_websocket_needs_the_token(stranger):
    with pytest.raises(WebSocketDisconnect), stranger.websocket_connect("/api/runs/1/live"):
        pass


def test_a_large_body_is_refused_before_it_is_sent(client):
    answer = client.post("/api/datasets/a/b", content=b"", headers={"Content-Length": str(2**30)})
    assert answer.status_code == 413
    assert str(BODY_LIMIT // 2**20) in answer.json()["detail"]


def test_a_large_body_of_untold_length_is_refused(client, monkeypatch):
    monkeypatch.setattr(security, "BODY_LIMIT", 1000)
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    answer = client.post("/api/datasets/a/b", content=(part for part in [head, *[b"x" * 100] * 20]), headers=kind)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "/api/models/..%2f..%2fetc",
        "/api/models/..",
        "/api/models/.hidden",
        "/api/models/little/files/..%2f..%2fsecret.txt",
        "/api/models/little/files/secret.txt",
        "/api/datasets/..%2f/label",
        "/api/datasets/a/..%2f..",
        "/api/datasets/a/b/..%2f..%2fsecret.txt",
        "/..%2f..%2fsecret.txt",
        "/assets/..%2f..%2f..%2fapp.py",
    ],
)
def test_paths_out_of_the_folders_are_refused(client, saved, studio, path):
    (studio.root / "secret.txt").write_text("secret")
    (studio.models.path("little") / "secret.txt").write_text("secret")
    answer = client.get(path)
    assert answer.status_code in (400, 404, 422)
    assert "secret\n" not in answer.text and answer.text != "secret"


def test_answers_forbid_other_sources(client):
    policy = client.get("/api/runs").headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
