"""What a check leaves on the disk: pictures, JSON, JUnit XML and a page to look at."""

import base64
import html
import importlib.resources
import io
import json
import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from PIL import Image, ImageDraw

from velveteen.errors import ArgumentError
from velveteen.io.files import write_beside_then_rename
from velveteen.recipes.layout.faults import FAULTS
from velveteen.recipes.layout.findings import Result
from velveteen.recipes.layout.pictures import png

JSON, JUNIT, PAGE = "results.json", "junit.xml", "report.html"
_QUALITY = 85
"""Of the pictures in the page, which is one file; those beside it are as they were taken."""


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """Returns the results as `--json` prints them."""
    return {"targets": [result.as_json() for result in results]}


def write(folder: str | Path, results: Sequence[Result]) -> list[Path]:
    """Writes all there is to see of a run; pictures of the run before become the "before" of the page's slider.

    For each target and viewport NAME.png, as it looked; NAME.found.png, with the findings; NAME.heat.png, what the network
    marks.

    Returns:
        results.json, junit.xml and report.html.

    Raises:
        ArgumentError: the folder is a file.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise ArgumentError(
            f"{folder} is a file, so the report cannot be written there. Give a folder's name."
        ) from error
    parts = []
    for result in results:
        name = name_of(result)
        pictures = {"before": folder / f"{name}.png"}
        uris = {"before": _uri(pictures["before"].read_bytes())} if pictures["before"].is_file() else {}
        for kind, content in (("", result.picture), (".found", annotated(result)), (".heat", result.heat)):
            if content is not None:
                write_beside_then_rename(folder / f"{name}{kind}.png", content)
                uris[kind.lstrip(".") or "now"] = _uri(content)
        parts.append({**result.as_json(), "accepted": result.accepted, "pictures": uris})
    files = {
        JSON: json.dumps(as_json(results), ensure_ascii=False, indent=1) + "\n",
        JUNIT: junit(results),
        PAGE: page(parts),
    }
    for name, text in files.items():
        write_beside_then_rename(folder / name, text.encode())
    return [folder / name for name in files]


def name_of(result: Result) -> str:
    """Returns the beginning of a result's files' names: the same in each run, different for each target and viewport."""
    words = re.sub(r"^https?://|\.html?$", "", result.target)
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", words).strip("-.")[-60:]
    return (
        f"{words or 'page'}-{sha256(result.target.encode()).hexdigest()[:6]}-{result.viewport[0]}x{result.viewport[1]}"
    )


def annotated(result: Result) -> bytes | None:
    """Returns the picture, PNG, with a box around each finding: a thick line where sure, a thin one where not."""
    if result.picture is None:
        return None
    with Image.open(io.BytesIO(result.picture)) as opened:
        picture = opened.convert("RGB")
    draw = ImageDraw.Draw(picture)
    for finding in result.findings:
        x, y, width, height = finding.box
        colour, line = FAULTS[finding.kind].colour, 3 if finding.sure else 1
        draw.rectangle([x - line, y - line, x + width + line, y + height + line], outline=colour, width=line)
        words = finding.kind if finding.sure else f"{finding.kind}?"
        place = (max(0, x - line), y - line - 14 if y > 20 else y + height + line)
        left, top, right, bottom = draw.textbbox(place, words)
        draw.rectangle([left - 2, top - 1, right + 2, bottom + 1], fill=colour)
        draw.text(place, words, fill="white")
    return png(picture)


def junit(results: Sequence[Result]) -> str:
    """Returns JUnit's XML, as continuous integration reads it: a test case a target and viewport."""
    failures = sum(not each.ok and each.error is None for each in results)
    errors = sum(each.error is not None for each in results)
    root = ElementTree.Element("testsuites")
    counts = {"tests": str(len(results)), "failures": str(failures), "errors": str(errors)}
    suite = ElementTree.SubElement(root, "testsuite", {"name": "velveteen layout", **counts})
    for result in results:
        name = f"{result.target} {result.viewport[0]}x{result.viewport[1]}"
        case = ElementTree.SubElement(suite, "testcase", classname="layout", name=_xml(name))
        lines = [
            f"{each.kind} at {_place(each.box)} {each.selector or ''}: {each.advice}"
            for each in result.findings
            if each.sure
        ]
        if result.error is not None:
            ElementTree.SubElement(case, "error", message=_xml(result.error))
        elif lines:
            message = f"{len(lines)} broken place{'s' if len(lines) > 1 else ''}"
            ElementTree.SubElement(case, "failure", message=message).text = _xml("\n".join(lines))
        unsure = [f"{each.kind}? at {_place(each.box)}: {each.advice}" for each in result.findings if not each.sure]
        if unsure:
            ElementTree.SubElement(case, "system-out").text = _xml("\n".join(unsure))
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def page(parts: Sequence[dict[str, Any]]) -> str:
    """Returns one page of HTML with all results and pictures inside."""
    template = (importlib.resources.files(__package__) / "report.html").read_text(encoding="utf-8")
    colours = {name: f"rgb{fault.colour}" for name, fault in FAULTS.items()}
    about = json.dumps({"targets": list(parts), "colours": colours}, ensure_ascii=False).replace("<", r"\u003c")
    unchecked = sum(part["error"] is not None for part in parts)
    broken = sum(not part["ok"] for part in parts) - unchecked
    title = f"Layout: {broken} of {len(parts)} broken" if broken else "Layout: nothing broken"
    if unchecked:
        title += f", {unchecked} not checked"
    before, after = template.split("{{results}}")
    return before.replace("{{title}}", html.escape(title)) + about + after


def _place(box: Sequence[float]) -> str:
    return ",".join(f"{length:.0f}" for length in box)


def _xml(text: str) -> str:
    """Returns a text without what XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]", "\N{REPLACEMENT CHARACTER}", text)


def _uri(content: bytes) -> str:
    with Image.open(io.BytesIO(content)) as picture:
        if max(picture.size) > 16_000:  # more than WebP holds
            return f"data:image/png;base64,{base64.b64encode(content).decode()}"
        small = io.BytesIO()
        picture.convert("RGB").save(small, "WEBP", quality=_QUALITY, method=2)
    return f"data:image/webp;base64,{base64.b64encode(small.getvalue()).decode()}"
