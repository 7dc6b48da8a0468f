"""`velveteen demo`: from nothing to a page that reads your handwriting, in under a minute."""

import functools
import http.server
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from velveteen.cli._output import AsJson
from velveteen.errors import ArgumentError


def demo(
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to serve it; 0 for any free port.")] = 8000,
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("velveteen-demo"),
    as_json: AsJson = False,
) -> None:
    """Learns to read digits from 4,000 examples, and makes a page that reads yours."""
    from velveteen.cli.digits import report
    from velveteen.recipes.digits import main

    server = make_server(out, port) if open_page else None  # a port in use is told before the training
    if not as_json:
        print("Training a convolutional network on real handwritten digits; this takes less than a minute.")
    training = main.demo(out=out, verbose=not as_json)
    report(training, as_json)
    page = out / main.PAGE
    if server is not None:
        serve(server, page.name)
    elif not as_json:
        print(f"\nOpen {page.resolve()} in a browser and draw; or run: velveteen demo --open")


def make_server(folder: Path, port: int) -> http.server.ThreadingHTTPServer:
    """Returns a server of a folder that only this machine can reach.

    Raises:
        ArgumentError: when the port is in use.
    """
    handler = functools.partial(_QuietHandler, directory=str(folder))
    try:
        return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise ArgumentError(f"Port {port} cannot be used: {error.strerror}. Choose another with --port.") from error


def serve(server: http.server.ThreadingHTTPServer, page: str) -> None:
    """Opens a page in the browser and serves it until Ctrl-C."""
    address = f"http://127.0.0.1:{server.server_port}/{page}"
    print(f"\nServing {address}; Ctrl-C ends it.")
    webbrowser.open(address)
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("Ended. The page and the model are kept.")


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing about each request."""
