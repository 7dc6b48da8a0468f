"""Makes the formatter's pretrained models: `.venv/bin/python tools/formatter_models.py [MODEL …]`, or `make models`.

Sources are those in the packages of formatter_packages.json, from npm and PyPI; the real prettier, and for Python ruff,
format them. Packages under "held_out" are never learned from: the figures that are printed are of them. What is downloaded
stays in build/formatter, and so do the trained models: a run that was cut goes on where it was, and a further one prints the
figures again. None of the sources is part of velveteen.
"""

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from velveteen.recipes.formatter import baselines, counted, data, formatter, main, measuring, project
from velveteen.recipes.formatter.languages import LANGUAGES, Language, named

TOOLS = Path(__file__).parent
WORK = TOOLS.parent / "build" / "formatter"
PRETTIER = "prettier@3.10.1"
PACKAGE_BYTES = {"javascript": 120_000, "typescript": 150_000, "css": 150_000, "json": 60_000, "python": 170_000}
"""How much of one package is taken at most, so that none sets the tone."""
MODELS = {"javascript": ("javascript", "typescript"), "css": ("css",), "json": ("json",), "python": ("python",)}
"""The languages of each model. TypeScript has all of JavaScript, and they learn from each other's sources."""
EPOCHS = {"javascript": 12, "css": 10, "json": 12, "python": 7}
Options = dict[str, bool | str]
"""What prettier is told of a file."""
_SPARSE: Options = {"semi": False}
_SPARSE_CSS: Options = {"lastSemicolon": False}
WITHOUT_SEMICOLONS = {"javascript": _SPARSE, "typescript": _SPARSE, "css": _SPARSE_CSS}
_SCRIPT_VARIANTS: tuple[Options, ...] = (
    _SPARSE,
    _SPARSE,
    {**_SPARSE, "trailingComma": "none"},
    {"trailingComma": "es5"},
)
VARIANTS: dict[str, tuple[Options, ...]] = {
    "javascript": _SCRIPT_VARIANTS,
    "typescript": _SCRIPT_VARIANTS,
    "css": (_SPARSE_CSS, _SPARSE_CSS),
}
"""Of ten files this many are learned as prettier lays them out with such options, as people have code with such tokens."""
AGAIN: dict[str, tuple[Options, ...]] = {
    "css": ({"otherAuthor": True},),
    "json": ({"small": "1"}, {"small": "2"}, {"small": "3"}, {"small": "4"}),
}
"""All files are learned again so. What is longer than a line is rare in style sheets, and has rules of its own; and where
blank lines are in a file is nothing to learn by heart. Files of a single line are rare in packages, not where JSON is used."""
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


def formatted(
    language: Language, packages: list[str], options: Callable[[str], Options] = lambda _: {}
) -> project.Files:
    """Returns the files of packages as the language's formatter lays them out.

    Args:
        language: what they are written in.
        packages: their names and versions.
        options: returns prettier's options for a file, given its name; with "lastSemicolon" false, blocks of style sheets
            end without one, as in minified files, with "otherAuthor" true, names are longer and blank lines elsewhere, and
            with "small" it is one small value of a JSON file.
    """
    wanted = []
    for package in packages:
        folder = fetch(package)
        for path in sources(folder, language):
            inside = f"{folder.name}/{path.relative_to(folder)}"
            chosen = options(inside)
            variant = "".join(f"-{name}-{value}" for name, value in chosen.items())
            wanted.append((str(path), str(WORK / "formatted" / (language.name + variant) / inside), chosen))
    missing = [each for each in wanted if not Path(each[1]).exists()]
    if language.name == "python":
        for source, target, _ in missing:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            text = subprocess.run(
                [sys.executable, "-m", "ruff", "format", "--isolated", "-"],
                input=Path(source).read_bytes(),
                capture_output=True,
            )
            if text.returncode == 0:
                Path(f"{target}.part").write_bytes(text.stdout)
                Path(f"{target}.part").rename(target)
    elif missing:
        if not (WORK / "node_modules" / "prettier").is_dir():
            subprocess.run(["npm", "install", "--silent", "--prefix", str(WORK), PRETTIER], check=True)
        command = ["node", str(TOOLS / "formatter_teacher.mjs")]
        subprocess.run(command, cwd=WORK, input=json.dumps(missing).encode(), check=True)
    return project.Files([Path(target) for _, target, _ in wanted if Path(target).exists()])


def learned(language: Language, *, most: int | None = None) -> project.Files:
    """Returns the files to learn from, of which some are variants. `most` limits the number of packages."""
    variants = VARIANTS.get(language.name, ())

    def options(name: str) -> Options:
        number = zlib.crc32(name.encode()) % 10
        return variants[number] if number < len(variants) else {}

    packages = _packages(language, "train")[:most]
    found = formatted(language, packages, options).paths
    for again in AGAIN.get(language.name, ()):
        found = found + formatted(language, packages, _for_all(again)).paths
    return project.Files(found)


def held_out(language: Language, options: Options | None = None, *, most: int | None = None) -> project.Files:
    """Returns the files to test on."""
    return formatted(language, _packages(language, "held_out")[:most], _for_all(options or {}))


def _for_all(options: Options) -> Callable[[str], Options]:
    return lambda _: options


def _packages(language: Language, part: str) -> list[str]:
    found: list[str] = json.loads((TOOLS / "formatter_packages.json").read_text())[language.name][part]
    return found


def make(model: str, *, quick: bool) -> None:
    """Trains a model if that was not done, puts it into the package, and prints how right it is.

    Args:
        model: one of MODELS.
        quick: whether to go through all the stages with little, and to leave the package alone.
    """
    most = 2 if quick else None
    languages = [named(name) for name in MODELS[model]]
    files = [source for language in languages for source in data.load(learned(language, most=most))]
    folder = WORK / ("quick" if quick else "models") / model
    if not (folder / "model.json").is_file():
        tested = [source for language in languages for source in data.load(held_out(language, most=most))]
        epochs = 1 if quick else EPOCHS[model]
        trained = main.train(files, held_out=tested, out=folder, epochs=epochs, seed=1, quantize="float16")
        print(
            f"{model}: {trained.gaps:,} gaps of {trained.files:,} files learned in {trained.seconds:.0f} s", flush=True
        )
    if not quick:
        target = formatter.PRETRAINED / model
        shutil.copytree(folder, target.with_suffix(".part"), dirs_exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        target.with_suffix(".part").rename(target)
    used = formatter.load(folder)
    for language in languages:
        tested = data.load(held_out(language, most=most))
        compared = {name: baselines.measure(name, files, tested, used.reading) for name in counted.SITUATIONS}
        print(f"{language.name}, held out: {json.dumps(vars(measuring.measure(used, tested)))}, {json.dumps(compared)}")
        if sparse := WITHOUT_SEMICOLONS.get(language.name):
            tested = data.load(held_out(language, sparse, most=most))
            print(f"{language.name} without semicolons, held out: {json.dumps(vars(measuring.measure(used, tested)))}")


def run() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description="Makes the formatter's pretrained models, and prints how right they are."
    )
    parser.add_argument("models", nargs="*", choices=[[], *MODELS], help="which of them; all by default")
    parser.add_argument("--anew", action="store_true", help="train again what was trained already")
    parser.add_argument(
        "--quick", action="store_true", help="try all the stages with little; the package stays as it is"
    )
    given = parser.parse_args()
    for model in given.models or MODELS:
        if given.anew or given.quick:
            shutil.rmtree(WORK / ("quick" if given.quick else "models") / model, ignore_errors=True)
        make(model, quick=given.quick)


if __name__ == "__main__":
    run()
