"""Runs the studio on this machine, and opens it."""

import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable
from typing import Any

import uvicorn

from velveteen.errors import StateError
from velveteen.studio.app import Studio, create_app

HOST = "127.0.0.1"
_LOAD_AFTER = 8.0
"""Seconds after the server is ready."""


def serve(
    studio: Studio,
    port: int = 0,
    *,
    open_page: bool = True,
    tell: Callable[[str], Any] = print,
    token: str | None = None,
) -> None:
    """Serves until Ctrl-C.

    Args:
        studio: what it works on.
        port: where to listen; 0 for any that is free.
        open_page: whether to open the page in the browser.
        tell: is given the address, with the token in it.
        token: the secret; by default a new one.

    Raises:
        StateError: the port is taken.
    """
    token = token or secrets.token_urlsafe(32)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        raise StateError(
            f"The port {port} is taken or may not be used ({error}). Give another one with --port."
        ) from error
    port = listener.getsockname()[1]
    address = f"http://{HOST}:{port}/?token={token}"
    config = uvicorn.Config(
        create_app(studio, token, port),
        log_level="warning",
        lifespan="off",
        ws="websockets-sansio",
        server_header=False,
    )
    server = _Server(config, studio, lambda: (tell(address), webbrowser.open(address) if open_page else None))
    server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, config: uvicorn.Config, studio: Studio, ready: Callable[[], Any]):
        super().__init__(config)
        self._studio = studio
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()
        # The first page is there by then; the pages of models find PyTorch loaded.
        timer = threading.Timer(_LOAD_AFTER, lambda: (self._studio.models, self._studio.pretrained))
        timer.daemon = True
        timer.start()
