"""What README and docs say is true: their Python runs, and the commands, names, pages and headings that they name exist."""

import contextlib
import importlib
import io
import re
import shlex
import tomllib
from functools import lru_cache
from pathlib import Path

import pytest
import typer.main
import yaml

import velveteen
from tools import site_pages, site_reference
from velveteen.cli.main import app
from velveteen.cli.recipes import RECIPES

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
TEMPLATES = ("dense", "cnn", "unet", "lstm", "seq2seq")


def blocks(page, *languages):
    return [block for block in BLOCK.finditer(page.read_text()) if block[1] in languages]


def prose(page):
    return BLOCK.sub("", page.read_text())


def by_name(path):
    return path.name


DOCUMENTS = [page for page in PAGES if blocks(page, "python")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=by_name)
def test_examples_run(document, tmp_path, monkeypatch):
    """As they stand there, in order, a document in one program."""
    velveteen.set_random_seed(0)
    monkeypatch.chdir(tmp_path)  # what they save lands here
    names = {"__name__": "__main__"}
    text = document.read_text()
    for block in blocks(document, "python"):
        line = text[: block.start()].count("\n") + 1
        # Padded, so that a traceback points at the document's own line.
        code = compile("\n" * line + block[2], str(document), "exec")
        with contextlib.redirect_stdout(io.StringIO()):
            exec(code, names)


def test_there_are_examples():
    names = {path.name for path in DOCUMENTS}
    assert {"README.md", "quickstart.md", "concepts.md", "porting.md", "from-keras.md"} <= names


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_names_exist(page):
    """Each `vt.…` in the text is there."""
    for name in re.findall(r"`[^`\n]*?\bvt\.([A-Za-z_0-9.]*[A-Za-z_0-9])", prose(page)):
        found = velveteen
        for part in name.split("."):
            assert hasattr(found, part), f"vt.{name}"
            found = getattr(found, part)


@lru_cache
def commands():
    return typer.main.get_command(app)


def options_of(command):
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


def found_command(words):
    """Returns the command that a line calls, and what follows its name."""
    command = commands()
    for place, word in enumerate(words):
        if not hasattr(command, "commands"):
            return command, words[place:]
        assert word in command.commands or word.startswith("-"), f'"{" ".join(words)}": there is no "{word}"'
        command = command.commands.get(word, command)
    return command, []


def lines_of(page, start):
    """Returns the words of the lines that call a program, in blocks that are no program themselves."""
    for block in blocks(page, "", "text", "bash"):
        for line in block[2].splitlines():
            if line.startswith(start):
                yield shlex.split(line.removeprefix(start), comments=True)


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_commands_have_these_options(page):
    for words in lines_of(page, "velveteen "):
        command, rest = found_command(words)
        used = {word.partition("=")[0] for word in rest if word.startswith("--")}
        assert used <= options_of(command), f"{' '.join(words)}: {used - options_of(command)}"


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem in RECIPES], ids=by_name)
def test_a_recipes_page_names_its_options(page):
    recipe = commands().commands[page.stem]
    known = set().union(*(options_of(command) for command in recipe.commands.values()))
    text = re.sub(r"`(?:python|prettier|npm|apt|pip) [^`]*`", "", prose(page))
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= known


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_projects_have_these_options(page):
    """`python main.py …` is a project that `velveteen new` made."""
    mains = [importlib.import_module(f"velveteen.templates.{name}.main") for name in TEMPLATES]
    projects = [typer.main.get_command(main.app).commands for main in mains]
    for verb, *rest in lines_of(page, "python main.py "):
        known = set().union(*(options_of(project[verb]) for project in projects if verb in project))
        assert {word for word in rest if word.startswith("--")} <= known


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_scripts_exist(page):
    for module, script in re.findall(
        r"python (?:-m ((?:bench|tests)[\w.]*)|((?:bench|tools)/[\w./]+\.py))", page.read_text()
    ):
        path = ROOT / (script or module.replace(".", "/"))
        assert path.exists() or path.with_suffix(".py").exists(), path


def test_the_extras_are_told():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    told = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "install.md").read_text(), re.MULTILINE)
    assert set(told) == set(project["optional-dependencies"])


def slug(heading):
    """The address of a heading, as GitHub and the site make it."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")


@lru_cache
def headings(page):
    return {slug(line) for line in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_links_lead_to_headings(page):
    """That the files exist is tested in test_project.py."""
    for target, heading in re.findall(r"\]\(([\w./-]*)#([^)]+)\)", prose(page)):
        assert heading in headings((page.parent / target).resolve() if target else page), f"{target}#{heading}"


def site():
    return yaml.safe_load((ROOT / "mkdocs.yml").read_text())


def pages_of(navigation):
    for entry in navigation:
        for value in entry.values():
            yield from pages_of(value) if isinstance(value, list) else [value]


@pytest.fixture(scope="module")
def reference():
    """The pages that the site's reference has, made as `make docs` makes them."""
    return site_reference.pages()


def test_the_sites_navigation_names_every_page(reference):
    written = {path.name for path in (ROOT / "docs").glob("*.md")}
    at_root = {name.lower() for name in site_pages.ROOT_PAGES}
    named = list(pages_of(site()["nav"]))
    assert sorted(named) == sorted(written | at_root | set(reference)), "each page has its place in mkdocs.yml, once"


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "index.md").read_text()
    missing = [path.name for path in (ROOT / "docs").glob("*.md") if f"]({path.name})" not in index]
    assert missing == ["index.md"]


def test_the_reference_has_every_name(reference):
    """`pages` refuses to leave out a public name; here are some that must be easy to find."""
    for page, name in (
        ("operators", "vt.mat_mul"),
        ("operators", "vt.image.resize_bilinear"),
        ("layers", "vt.layers.dense"),
        ("training", "vt.callbacks.CSVLogger"),
        ("models", "vt.load_layers_model"),
        ("data", "vt.data.csv"),
    ):
        assert f"heading: {name}\n" in reference[f"reference/{page}.md"]


def test_the_reference_has_every_command(reference):
    told = reference["reference/command-line.md"]
    for name, command in commands().commands.items():
        assert f"`velveteen {name}`" in told
        for verb in getattr(command, "commands", ()):
            assert f"`velveteen {name} {verb}`" in told


def test_every_picture_is_shown():
    text = "\n".join(page.read_text() for page in PAGES)
    pictures = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs" / "images").rglob("*") if path.is_file()]
    assert [path.as_posix() for path in pictures if path.as_posix() not in text] == []
    for page in PAGES:
        assert re.search(r"!\[\]\(", page.read_text()) is None, f"{page.name} has a picture without words for the blind"


def test_pages_become_the_sites():
    text = "See:\n- [a](../SECURITY.md#reporting)\n- [b](../README.md#install)\n\n```\n- no list\n```\n| a |\n|---|\n| b |\n"
    assert site_pages.for_the_site(text, "files.md") == (
        "See:\n\n- [a](security.md#reporting)\n- [b](index.md)\n\n```\n- no list\n```\n\n| a |\n|---|\n| b |\n"
    )
    assert site_pages.for_the_site("[c](docs/files.md)", "security.md") == "[c](files.md)"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('<script src="https://cdn.example/tf.js">', 1),
        ("<link rel=stylesheet href=//fonts.example/css>", 1),
        ("@font-face { src: url('http://fonts.example/a.woff2') }", 1),
        ('<img src="images/a.png"><a href="https://example.org">there</a>', 0),
        ("<code>&lt;script src=&quot;https://cdn.example/tf.js&quot;&gt;</code>", 0),
    ],
)
def test_what_is_loaded_from_elsewhere_is_found(text, count):
    assert len(site_pages.loaded_from_elsewhere(text)) == count


def test_lines_about_several_names_are_split():
    pytest.importorskip("griffe", reason="griffe comes with what `make docs` installs.")
    from tools.site_docstrings import split_names

    docstring = "Adds.\n\nArgs:\n    a, *b: numbers,\n        of any size.\n    c: see: a, b.\n"
    assert split_names(docstring) == (
        "Adds.\n\nArgs:\n    a: numbers,\n        of any size.\n    *b: numbers,\n        of any size.\n    c: see: a, b.\n"
    )
