"""Makes the formatter's pretrained models: `.venv/bin/python tools/formatter_models.py [LANGUAGE …]`, or `make models`.

Sources are those in the packages of formatter_packages.json, from npm and PyPI; the real prettier, and for Python ruff,
format them. Packages under "held_out" are never learned from: the figures that are printed are of them. What is downloaded
stays in build/formatter, and none of it is part of velveteen.
"""

import json
import random
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from velveteen.recipes.formatter import data, formatter, main, project
from velveteen.recipes.formatter.languages import LANGUAGES, Language, named

TOOLS = Path(__file__).parent
WORK = TOOLS.parent / "build" / "formatter"
PRETTIER = "prettier@3.10.1"
PACKAGE_BYTES = {"javascript": 120_000, "typescript": 150_000, "css": 150_000, "json": 60_000, "python": 170_000}
"""How much of one package is taken at most, so that none sets the tone."""
EPOCHS = {"javascript": 10, "typescript": 11, "css": 12, "json": 12, "python": 6}
SMALLEST, LARGEST = 200, 100_000
_COMPILED = (b"__esModule", b"_interopRequire", b"sourceMappingURL", b"tslib")
_BUILT = re.compile(
    r"(^|/)(dist|build|umd|esm|cjs|bundles?|min|vendor|node_modules|fixtures?|amd|_vendor)/|bundle|\.d\.ts$"
)


def fetch(package: str) -> Path:
    """Returns the folder of a package of npm ("name@version") or PyPI ("name==version"), downloaded when it is not there."""
    folder = WORK / "packages" / re.sub(r"\W+", "-", package).strip("-")
    if not folder.is_dir():
        load = folder.with_suffix(".part")
        load.mkdir(parents=True, exist_ok=True)
        if "==" in package:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(load), package]
            subprocess.run(command, check=True)
            for wheel in load.glob("*.whl"):
                with zipfile.ZipFile(wheel) as archive:
                    archive.extractall(load)
        else:
            subprocess.run(["npm", "pack", "--silent", package], cwd=load, check=True, stdout=subprocess.DEVNULL)
            for packed in load.glob("*.tgz"):
                with tarfile.open(packed) as archive:
                    archive.extractall(load, filter="data")
        load.rename(folder)
    return folder


def sources(folder: Path, language: Language) -> list[Path]:
    """Returns the files of a package that people wrote, in an order of chance, up to the limit."""
    extensions = extensions_of(language)
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in extensions and path.is_file()]
    random.Random(folder.name).shuffle(files)
    chosen = []
    left = PACKAGE_BYTES[language.name]
    for path in files:
        inside = path.relative_to(folder).as_posix()
        if ".min." in inside or (language.name not in ("css", "json") and _BUILT.search(inside)):
            continue
        text = path.read_bytes()
        if not SMALLEST < len(text) < LARGEST or len(text) / (text.count(b"\n") + 1) > 60:
            continue
        if any(mark in text for mark in _COMPILED):
            continue
        left -= len(text)
        if left < 0:
            break
        chosen.append(path)
    return chosen


def extensions_of(language: Language) -> tuple[str, ...]:
    """Returns the extensions of the files that a language's model is for."""
    return (*language.extensions, *(LANGUAGES["tsx"].extensions if language.name == "typescript" else ()))


def formatted(language: Language, packages: list[str]) -> project.Files:
    """Returns the files of packages as the language's formatter lays them out."""
    pairs = []
    for package in packages:
        folder = fetch(package)
        for path in sources(folder, language):
            pairs.append((path, WORK / "formatted" / language.name / folder.name / path.relative_to(folder)))
    missing = [(str(source), str(target)) for source, target in pairs if not target.exists()]
    if language.name == "python":
        for source, target in missing:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            text = subprocess.run(
                [sys.executable, "-m", "ruff", "format", "--isolated", "-"],
                input=Path(source).read_bytes(),
                capture_output=True,
            )
            if text.returncode == 0:
                Path(target).write_bytes(text.stdout)
    elif missing:
        if not (WORK / "node_modules" / "prettier").is_dir():
            subprocess.run(["npm", "install", "--silent", "--prefix", str(WORK), PRETTIER], check=True)
        command = ["node", str(TOOLS / "formatter_teacher.mjs")]
        subprocess.run(command, cwd=WORK, input=json.dumps(missing).encode(), check=True)
    return project.Files([target for _, target in pairs if target.exists()])


def make(language: Language) -> None:
    """Trains a language's model, puts it into the package, and prints how right it is."""
    packages = json.loads((TOOLS / "formatter_packages.json").read_text())[language.name]
    learned = data.load(formatted(language, packages["train"]))
    held_out = data.load(formatted(language, packages["held_out"]))
    trained = main.train(
        learned,
        held_out=held_out,
        out=formatter.PRETRAINED / language.name,
        epochs=EPOCHS[language.name],
        seed=1,
        quantize="float16",
    )
    print(
        f"{language.name}: {trained.gaps:,} gaps of {trained.files:,} files learned in {trained.seconds:.0f} s; held out: "
        f"{json.dumps(vars(trained.measured))}, baselines {json.dumps(trained.baselines)}"
    )


if __name__ == "__main__":
    for name in sys.argv[1:] or list(PACKAGE_BYTES):
        make(named(name))
