"""A model behind an http(s) address: loaded from there, or sent there."""

import http.client
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from velveteen._web import web_opener
from velveteen.errors import ArgumentError, FileFormatError, MissingFileError
from velveteen.io.artifacts import (
    ModelArtifacts,
    SaveResult,
    buffers,
    from_model_json,
    get_model_artifacts_info_for_json,
    to_model_json,
)
from velveteen.io.manifest import JSON_LIMIT, Group, check_manifest, check_size, fixed_size, parse_json

Progress = Callable[[float], Any]
SIZE_LIMIT = 2 * 1024**3
"""Most bytes of weights that are loaded unless told otherwise: what one ArrayBuffer of TensorFlow.js can hold."""
_CHUNK = 1024 * 1024


class HttpHandler:
    """Loads a model from a web server, and sends one to it; see `http`."""

    def __init__(
        self,
        url: str,
        weight_path_prefix: str | None,
        headers: Mapping[str, str] | None,
        method: str,
        timeout: float,
        size_limit: int,
        on_progress: Progress | None,
    ):
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise ArgumentError(f'io.http() expects an address that begins with "http://" or "https://", got {url!r}.')
        self.url = url
        self.weight_path_prefix = weight_path_prefix
        self.headers = dict(headers or {})
        self.method = method
        self.timeout = timeout
        self.size_limit = size_limit
        self.on_progress = on_progress

    def load(self) -> ModelArtifacts:
        """Returns the model behind the address.

        Raises:
            MissingFileError: when the server does not answer, or has no such file.
            FileFormatError, UnknownNameError: when what it sends is damaged, truncated, hostile or too large.
        """
        text = b"".join(self._read(self.url, JSON_LIMIT))
        content = parse_json(text, self.url)
        artifacts = from_model_json(content, self.url)
        if content.get("weightsManifest") is not None:
            groups = check_manifest(content["weightsManifest"], self.url)
            artifacts.weight_specs = [spec for group in groups for spec in group.specs]
            artifacts.weight_data = self.read_groups(groups)
        return artifacts

    def save(self, artifacts: ModelArtifacts) -> SaveResult:
        """Sends the model as a form with the files `model.json` and `model.weights.bin`, as TensorFlow.js does.

        Raises:
            MissingFileError: when the server does not answer, or refuses.
        """
        manifest = [{"paths": ["./model.weights.bin"], "weights": artifacts.weight_specs or []}]
        files = [("model.json", "application/json", to_model_json(artifacts, manifest))]
        if artifacts.weight_data is not None:
            files.append(("model.weights.bin", "application/octet-stream", b"".join(buffers(artifacts.weight_data))))
        boundary = secrets.token_hex(16)
        body = b"".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
            f"Content-Type: {kind}\r\n\r\n".encode()
            + content
            + b"\r\n"
            for name, kind, content in files
        )
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        for _ in self._read(self.url, JSON_LIMIT, body + f"--{boundary}--\r\n".encode(), headers):
            pass
        return SaveResult(get_model_artifacts_info_for_json(artifacts))

    def read_groups(self, groups: list[Group]) -> bytearray:
        """Returns the bytes of all groups' files, never more than their weights need."""
        total = sum(fixed_size(group.specs)[0] for group in groups)
        if total > self.size_limit:
            raise FileFormatError(
                f"{self.url}: the weights take {total} bytes, more than the limit of {self.size_limit}. "
                "Give io.http() a larger size_limit if you trust this address."
            )
        data = bytearray()
        self._report(0.0)
        for group in groups:
            needed, exact = fixed_size(group.specs)
            begin = len(data)
            limit = begin + needed if exact else self.size_limit
            for path in group.paths:
                address = self._address(path)
                for chunk in self._read(address, limit - len(data)):
                    data += chunk
                    self._report(min(1.0, len(data) / max(total, 1)))
            check_size(group, len(data) - begin, self.url)
        self._report(1.0)
        return data

    def _address(self, path: str) -> str:
        parts = urllib.parse.urlsplit(self.url)
        folder = urllib.parse.urlunsplit((parts.scheme, parts.netloc, parts.path.rpartition("/")[0] + "/", "", ""))
        prefix = self.weight_path_prefix or folder
        query = f"?{parts.query}" if parts.query else ""
        return prefix + ("" if prefix.endswith("/") else "/") + urllib.parse.quote(path, safe="/%") + query

    def _read(
        self, address: str, limit: int, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """Yields what the server sends, piece by piece, at most `limit` bytes."""
        method = "GET" if body is None else self.method
        request = urllib.request.Request(address, body, {**self.headers, **(headers or {})}, method=method)
        try:
            with web_opener().open(request, timeout=self.timeout) as response:
                received = 0
                while chunk := response.read(_CHUNK):
                    received += len(chunk)
                    if received > limit:
                        raise FileFormatError(
                            f"{address} sends more than the {limit} bytes that are expected. It is another model's, or hostile."
                        )
                    yield chunk
        except urllib.error.HTTPError as error:
            raise MissingFileError(
                f"{address} answered {error.code} {error.reason}. Check that the address leads to a model.json "
                "with its weight files beside it."
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, FileFormatError):
                raise
            raise MissingFileError(f"Cannot reach {address}: {error}. Check the address and the network.") from error

    def _report(self, fraction: float) -> None:
        if self.on_progress is not None:
            self.on_progress(fraction)


def http_handler(
    path: str,
    *,
    weight_path_prefix: str | None = None,
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
    timeout: float = 30.0,
    size_limit: int = SIZE_LIMIT,
    on_progress: Progress | None = None,
) -> HttpHandler:
    """Returns what loads a model from a web server, or sends one to it.

    Args:
        path: the address of `model.json`, or the one that takes the upload.
        weight_path_prefix: the address in front of the weight files' paths; by default where `model.json` is.
        headers: to send with each request, such as an authorization.
        method: of the request that saves.
        timeout: seconds to wait for each answer.
        size_limit: most bytes of weights to load.
        on_progress: called with the fraction loaded so far, from 0 to 1.

    Raises:
        ArgumentError: when `path` is no http or https address.
    """
    return HttpHandler(path, weight_path_prefix, headers, method, timeout, size_limit, on_progress)
