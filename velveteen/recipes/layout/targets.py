"""What there is to check: addresses, HTML files, folders of them, sitemaps and pictures."""

import re
import urllib.error
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

from velveteen._web import web_opener
from velveteen.errors import FileFormatError, MissingFileError

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
HTML = (".html", ".htm", ".xhtml")
LOCAL = "http://layout.localhost"
"""Where pages of this machine are opened: not as files, which could read other files."""
_SECONDS = 20
_MOST_BYTES = 50_000_000  # what sitemaps.org allows
_MOST_PAGES = 50_000
_DEPTH = 3
"""So often may a sitemap name further ones."""


@dataclass(frozen=True)
class Target:
    """One thing to check.

    Args:
        name: what it is called in results.
        address: what the browser opens, or "" for a picture.
        root: of a page of this machine, the folder that it may read from.
        picture: a picture's file.
        error: why it cannot be checked.
    """

    name: str
    address: str = ""
    root: Path | None = None
    picture: Path | None = None
    error: str | None = None


def resolve(names: Sequence[str]) -> list[Target]:
    """Returns what is to be checked; what is not there is a target with an error, so that the others are checked."""
    return [target for name in names for target in _resolve(name)]


def _resolve(name: str) -> list[Target]:
    scheme = urlsplit(name).scheme.lower() if re.match(r"^[A-Za-z][A-Za-z0-9+.-]+:", name) else ""
    if scheme in ("http", "https"):
        if not urlsplit(name).hostname:
            return [Target(name, error="This address names no host.")]
        path = urlsplit(name).path.lower()
        return _from_sitemap(name) if path.endswith(".xml") or path.endswith(".xml.gz") else [Target(name, name)]
    if scheme and not Path(name).exists():
        advice = (
            "Give the file's path, without file://."
            if scheme == "file"
            else "Addresses begin with http:// or https://."
        )
        return [Target(name, error=f"{scheme}: is nothing that can be checked. {advice}")]
    file = Path(name)
    if file.is_dir():
        return _of_folder(name, file)
    if not file.is_file():
        return [Target(name, error=f"There is no file or folder {name}.")]
    if file.suffix.lower() in PICTURES:
        return [Target(name, picture=file)]
    if file.suffix.lower() in HTML:
        return [_page(name, file, file.parent)]
    if file.suffix.lower() == ".xml":
        return _from_sitemap(name)
    return [Target(name, error=f"{name} is no page (.html), picture ({', '.join(PICTURES)}) or sitemap (.xml).")]


def _page(name: str, path: Path, root: Path) -> Target:
    return Target(name, f"{LOCAL}/{quote(path.relative_to(root).as_posix())}", root.resolve())


def _of_folder(name: str, folder: Path) -> list[Target]:
    def is_part(path: Path) -> bool:
        inside = path.relative_to(folder).parts
        return path.suffix.lower() in HTML and not any(
            part.startswith(".") or part == "node_modules" for part in inside
        )

    pages = sorted(path for path in folder.rglob("*") if is_part(path) and path.is_file())
    if not pages:
        return [Target(name, error=f"There are no HTML files in {name}.")]
    return [_page(str(path), path, folder) for path in pages]


def _from_sitemap(name: str) -> list[Target]:
    try:
        addresses = _addresses(name, _DEPTH)
    except (FileFormatError, MissingFileError) as error:
        return [Target(name, error=str(error))]
    wrong = [each for each in addresses if urlsplit(each).scheme not in ("http", "https")]
    found = [Target(each, each) for each in dict.fromkeys(addresses) if each not in wrong]
    return found + [Target(each, error=f"{name} names {each:.200}, which is no http address.") for each in wrong]


def _addresses(name: str, depth: int) -> list[str]:
    content = _read(name)
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise FileFormatError(f"{name} is no sitemap: it defines entities.")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise FileFormatError(f"{name} is no sitemap: {error}.") from error
    found = [(each.text or "").strip() for each in root.iter() if each.tag.rpartition("}")[2] == "loc"]
    found = [each for each in found if each][:_MOST_PAGES]
    if root.tag.rpartition("}")[2] != "sitemapindex":
        if not found:
            raise FileFormatError(f"{name} is no sitemap: it has no <loc>.")
        return found
    if depth == 0:
        raise FileFormatError(f"{name}: sitemaps that name sitemaps that name sitemaps are not followed further.")
    maps = [each for each in found if urlsplit(each).scheme in ("http", "https")]
    return [each for inner in maps for each in _addresses(inner, depth - 1)][:_MOST_PAGES]


def _read(name: str) -> bytes:
    try:
        if urlsplit(name).scheme in ("http", "https"):
            with web_opener().open(name, timeout=_SECONDS) as answer:
                content: bytes = answer.read(_MOST_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise MissingFileError(f"{name} answered {error.code} {error.reason}.") from error
    except (OSError, ValueError) as error:
        raise MissingFileError(f"{name} cannot be read: {getattr(error, 'reason', error)}.") from error
    if len(content) > _MOST_BYTES:
        raise FileFormatError(f"{name} is larger than a sitemap may be, {_MOST_BYTES:,} bytes.")
    return content
