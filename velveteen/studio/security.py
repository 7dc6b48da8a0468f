"""Who may talk to the studio: the one who has opened its address, on this machine, from its own pages."""

import hmac
import json
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

BODY_LIMIT = 64 * 1024 * 1024
"""Bytes of one request, at most."""
_PAGE_HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self'; "
        b"object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class Guard:
    """Middleware that answers strangers itself.

    - A *Host* that is not this machine's is refused: a page elsewhere whose name was made to lead here would send its own
      (DNS rebinding).
    - An *Origin* that is not the studio's is refused, for WebSockets too, which browsers open to anybody.
    - Without the token nothing is shown. It comes with the address that is opened first, and stays in a cookie that
      scripts cannot read; programs send it as "Authorization: Bearer TOKEN".
    - A body of more than BODY_LIMIT bytes is refused, whether or not it says its length.

    Args:
        app: the application behind.
        token: the secret.
        port: where the studio listens.
    """

    def __init__(self, app: Any, token: str, port: int):
        self.app = app
        self.token = token
        self.cookie = f"velveteen_studio_{port}"  # cookies do not tell ports apart
        self.hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self.hosts:
            await _refuse(scope, send, 421, "This address is not the studio's. Open the one that it printed.")
        elif origin is not None and origin != f"http://{host}":
            await _refuse(scope, send, 403, f"Pages of {origin[:200]} may not use the studio.")
        elif scope["path"] == "/" and self._is_right(
            parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        ):
            await self._let_in(send)
        elif not self._knows(headers):
            await _refuse(scope, send, 401, "The token is missing. Open the address that velveteen studio printed.")
        elif _length(headers) > BODY_LIMIT:
            await _refuse(scope, send, 413, _too_much())
        elif scope["type"] == "http":
            body = _Body(receive)
            await self.app(scope, body.receive, _answering(scope, send, body))
        else:
            await self.app(scope, receive, send)

    def _is_right(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.token.encode())

    def _knows(self, headers: dict[str, str]) -> bool:
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
        except CookieError:
            cookie = None
        return self._is_right(bearer) or (cookie is not None and self._is_right(cookie.value))

    async def _let_in(self, send: Any) -> None:
        """Keeps the token in a cookie, and takes it out of the address, where the browser's history would show it."""
        cookie = f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"
        headers = [
            (b"location", b"/"),
            (b"set-cookie", cookie.encode()),
            (b"cache-control", b"no-store"),
            *_PAGE_HEADERS,
        ]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


class _TooLargeError(Exception):
    """A body that did not say its length is longer than allowed."""


class _Body:
    """What a request sends, up to BODY_LIMIT bytes."""

    def __init__(self, receive: Any):
        self._receive = receive
        self._taken = 0

    @property
    def is_too_large(self) -> bool:
        return self._taken > BODY_LIMIT

    async def receive(self) -> Any:
        message = await self._receive()
        if message["type"] == "http.request":
            self._taken += len(message.get("body", b""))
            if self.is_too_large:
                raise _TooLargeError
        return message


def _length(headers: dict[str, str]) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() else 0


def _too_much() -> str:
    return f"More than {BODY_LIMIT // 2**20} MiB in one request are not taken."


def _answering(scope: Any, send: Any, body: _Body) -> Any:
    async def answering(message: Any) -> None:
        if body.is_too_large:  # whatever the application makes of a body that broke off
            if message["type"] == "http.response.start":
                await _refuse(scope, send, 413, _too_much())
            return
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *_PAGE_HEADERS]}
        await send(message)

    return answering


async def _refuse(scope: Any, send: Any, status: int, words: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": words[:120]})
        return
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *_PAGE_HEADERS]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"detail": words}).encode()})
