"""The reference pages of the documentation site, from the names that velveteen really has.

The public names are loaded on first use, so that reading the source alone does not show them. Here they are looked up
in the running program; a page then says for each of them where its source is, from which mkdocstrings takes signature
and docstring. Nothing here needs mkdocs.
"""

import importlib
import inspect
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import velveteen
from velveteen.cli.recipes import RECIPES
from velveteen.errors import VelveteenError
from velveteen.ops._operator import REGISTRY

_OPERATIONS = "Operations"
_NAMESPACES = {
    "data": "Datasets",
    "io": "TensorFlow.js's files and handlers",
    "formats": "Files of other programs",
    "train": "Optimizers",
    "metrics": "Metrics",
    "callbacks": "Callbacks",
    "initializers": "Initializers",
    "regularizers": "Regularizers",
    "constraints": "Constraints",
    "serialization": "Names in files",
    "util": "Helpers",
}
"""Those that are modules with names of their own, beside `layers`, and the operators' (`image`, `losses`, …)."""
_FIRST = ("velveteen.layers.base", "velveteen.layers.core")
"""The families of layers that come before the others."""
_SERIALIZATION = ("deserialize", "find_class", "register_class", "register_function", "serialize")
"""What is public of `vt.serialization`."""
_MEMBERS = (
    "Tensor",
    "Variable",
    "TensorBuffer",
    "Model",
    "Sequential",
    "GraphModel",
    "Callback",
    "Dataset",
    "Optimizer",
)
"""Classes whose methods one calls; of the others the constructor is what one needs."""


class Entry(NamedTuple):
    """One thing that has documentation, under the names that it has."""

    thing: Any
    names: list[str]  # as one writes them after `vt.`, the one to show first

    @property
    def source(self) -> str:
        """Returns its dotted name in the source."""
        thing = inspect.unwrap(self.thing)
        return f"{thing.__module__}.{thing.__qualname__}"


def pages() -> dict[str, str]:
    """Returns each reference page's path below docs, and its Markdown."""
    entries = Entries()
    found = {
        "reference/tensors.md": _tensors(entries),
        "reference/operators.md": _operators(entries),
        "reference/layers.md": _layers(entries),
        "reference/models.md": _models(entries),
        "reference/training.md": _training(entries),
        "reference/data.md": _namespaces(entries, "Data", "data"),
        "reference/files.md": _namespaces(entries, "Files", "io", "formats", "serialization"),
        "reference/environment.md": _environment(entries),
        "reference/errors.md": _errors(entries),
        "reference/recipes.md": _recipes(entries),
    }
    if left := entries.left():
        raise LookupError(f"No reference page shows {', '.join(left)}. Give them a place in tools/site_reference.py.")
    return {**found, "reference/command-line.md": command_line()}


class Entries:
    """All public names, of which each page takes its own."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}
        self._shown: set[int] = set()
        for name in dir(velveteen):
            thing = getattr(velveteen, name)
            if not inspect.ismodule(thing):
                self._add(thing, name)
        for space in ("layers", *_NAMESPACES):
            module = getattr(velveteen, space)
            for name in public_names(module):
                self._add(getattr(module, name), f"{space}.{name}")
        for operator in REGISTRY.values():
            self._add(operator.function, operator.name)
        for space in sorted({name.split(".")[0] for name in REGISTRY if "." in name}):
            for name, thing in _own(getattr(velveteen, space)):  # beside operators what they return, such as linalg.QR
                self._add(thing, f"{space}.{name}")

    def _add(self, thing: Any, name: str) -> None:
        entry = self._entries.setdefault(id(thing), Entry(thing, []))
        if name not in entry.names:
            entry.names.append(name)
            entry.names.sort(
                key=lambda each: (each != each.lower() and inspect.isclass(thing), each.count("."), len(each))
            )

    def take(self, *names: str) -> list[Entry]:
        """Returns the entries of these names, and notes that a page has them."""
        by_name = {name: entry for entry in self._entries.values() for name in entry.names}
        taken = [by_name[name] for name in names]
        self._shown.update(id(entry.thing) for entry in taken)
        return taken

    def below(self, space: str) -> list[Entry]:
        """Returns what a namespace has, and notes that a page has it."""
        names = [n for entry in self._entries.values() for n in entry.names if n.startswith(f"{space}.")]
        unique = {id(entry.thing): entry for entry in self.take(*names)}
        return sorted(unique.values(), key=lambda entry: entry.names[0].lower())

    def left(self) -> list[str]:
        """Returns the names that no page has."""
        return sorted(entry.names[0] for entry in self._entries.values() if id(entry.thing) not in self._shown)


def public_names(module: ModuleType) -> list[str]:
    """Returns the names that a namespace offers, and not what it imports for itself."""
    space = module.__name__
    if space == "velveteen.serialization":
        return list(_SERIALIZATION)
    if hasattr(module, "__all__") and space != "velveteen.training.metrics":
        return sorted(module.__all__)
    return sorted(name for name, _ in _own(module))


def _own(module: ModuleType) -> list[tuple[str, Any]]:
    """Returns the public functions and classes that are written in a module or below it."""
    return [
        (name, thing)
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(thing) or inspect.isfunction(thing))
        and (thing.__module__ or "").startswith(module.__name__)
    ]


def block(entry: Entry, level: int = 3) -> str:
    """Returns the Markdown that shows one entry."""
    name, *others = [f"vt.{name}" for name in entry.names]
    options = [f"heading: {name}", f"toc_label: {name.removeprefix('vt.')}", f"heading_level: {level}"]
    if inspect.isclass(entry.thing):
        options.append(f"members: {'true' if entry.thing.__name__ in _MEMBERS else 'false'}")
    lines = [f"::: {entry.source}", "    options:", *(f"        {option}" for option in options)]
    notes = []
    if others:
        notes.append("Also " + ", ".join(f"`{other}`" for other in others) + ".")
    operator = REGISTRY.get(entry.names[0])
    if operator is not None and operator.method:
        notes.append(f"Also a method: `tensor.{entry.names[0]}(…)`.")
    if notes:
        lines += ["", " ".join(notes)]
    return "\n".join(lines)


def _page(
    title: str, introduction: str, sections: Iterator[tuple[str, list[Entry]]] | list[tuple[str, list[Entry]]]
) -> str:
    parts = [f"# {title}", introduction]
    for heading, entries in sections:
        parts.append(f"## {heading}")
        parts += [block(entry) for entry in entries]
    return "\n\n".join(part for part in parts if part) + "\n"


def _by_heading(entries: Entries, wanted: str) -> list[tuple[str, list[Entry]]]:
    """Returns the operators under a heading of TensorFlow.js's reference, by its subheadings."""
    found: dict[str, list[str]] = {}
    for operator in REGISTRY.values():
        if operator.heading == wanted:
            found.setdefault(operator.subheading or wanted, []).append(operator.name)
    return [(heading, entries.take(*sorted(names))) for heading, names in sorted(found.items())]


def _tensors(entries: Entries) -> str:
    classes = ("Classes", entries.take("Tensor", "Variable", "TensorBuffer"))
    introduction = (
        "What a tensor is, how one is made, and how its shape changes. All other operators are [here](operators.md)."
    )
    return _page("Tensors", introduction, [classes, *_by_heading(entries, "Tensors")])


def _operators(entries: Entries) -> str:
    introduction = (
        "Everything that computes on tensors. Each operator takes tensors, numpy arrays, nested lists and torch tensors; "
        "given torch tensors it returns torch tensors. The headings are those of TensorFlow.js's reference."
    )
    returned = [
        entry
        for space in ("image", "linalg", "sparse", "string")
        for entry in entries.below(space)
        if inspect.isclass(entry.thing)
    ]
    sections = [*_by_heading(entries, _OPERATIONS), *_by_heading(entries, "Browser")]
    sections += [("Pictures to files", entries.take("image.to_pixels")), ("Fused", entries.below("fused"))]
    return _page("Operators", introduction, [*sections, ("What operators return", returned)])


def _layers(entries: Entries) -> str:
    by_module: dict[str, list[Entry]] = {}
    for entry in entries.below("layers"):
        by_module.setdefault(entry.thing.__module__, []).append(entry)
    order = sorted(by_module, key=lambda module: (module not in _FIRST, module))
    sections = [
        (module.rpartition(".")[2].strip("_").replace("_", " ").capitalize(), by_module[module]) for module in order
    ]
    options = [(_NAMESPACES[space], entries.below(space)) for space in ("initializers", "regularizers", "constraints")]
    introduction = (
        "Every layer also takes `name`, `trainable`, `dtype`, `weights`, and as the first one of a model `input_shape` "
        "or `batch_input_shape`. The first dimension is always the batch."
    )
    return _page("Layers", introduction, [*sections, *options])


def _models(entries: Entries) -> str:
    return _page(
        "Models",
        "",
        [
            ("Making", entries.take("sequential", "model", "input", "Sequential", "Model", "SymbolicTensor")),
            ("Loading", entries.take("load_layers_model")),
            ("Asking", entries.take("beam_search", "predict_tiles")),
            ("Graph models", entries.take("load_graph_model", "GraphModel", "register_op", "deregister_op")),
        ],
    )


def _training(entries: Entries) -> str:
    losses = entries.take("losses.Reduction", *(name for name in sorted(REGISTRY) if name.startswith("losses.")))
    return _page(
        "Training",
        "`fit` and `evaluate` are methods of [models](models.md).",
        [
            ("Optimizers", entries.below("train")),
            ("Losses", losses),
            ("Metrics", entries.below("metrics")),
            ("Callbacks", entries.below("callbacks")),
        ],
    )


def _namespaces(entries: Entries, title: str, *spaces: str) -> str:
    return _page(title, "", [(_NAMESPACES[space], entries.below(space)) for space in spaces])


def _environment(entries: Entries) -> str:
    gradients = ("grad", "grads", "value_and_grad", "value_and_grads", "variable_grads", "custom_grad")
    devices = ("get_backend", "set_backend", "set_random_seed", "env", "ready", "next_frame")
    modes = ("enable_prod_mode", "enable_debug_mode")
    memory = ("tidy", "keep", "dispose", "dispose_variables", "memory", "profile", "time")
    return _page(
        "Gradients, devices, memory",
        "",
        [
            ("Gradients", entries.take(*gradients)),
            ("Devices", entries.take(*devices, *modes)),
            ("Memory", entries.take(*memory)),
            ("Helpers", entries.below("util")),
        ],
    )


def _errors(entries: Entries) -> str:
    errors = importlib.import_module("velveteen.errors")
    classes = [thing for thing in vars(errors).values() if inspect.isclass(thing) and issubclass(thing, VelveteenError)]
    entries.take("VelveteenError")
    parts = ["# Error classes", "What they are for, with examples: [Errors](../errors.md)."]
    for each in classes:
        name = f"{each.__module__}.{each.__qualname__}"
        parts.append(
            f"::: {name}\n    options:\n        heading: {name}\n        toc_label: {each.__qualname__}\n        heading_level: 3"
        )
    return "\n\n".join(parts) + "\n"


def _recipes(entries: Entries) -> str:
    parts = [
        "# Recipes from Python",
        "What the commands call. Each recipe is a `data`, a `model` and a `main` in `velveteen.recipes`; its page in the "
        "documentation has an example.",
    ]
    for recipe in RECIPES:
        parts.append(f"## {recipe.capitalize()}")
        for room in ("data", "model", "main"):
            module = importlib.import_module(f"velveteen.recipes.{recipe}.{room}")
            for name in public_names(module):
                thing = getattr(module, name)
                if not (inspect.isclass(thing) or inspect.isfunction(thing)):
                    continue
                source = Entry(thing, []).source
                options = f"heading: {recipe}.{room}.{name}\n        toc_label: {room}.{name}\n        heading_level: 3"
                parts.append(f"::: {source}\n    options:\n        {options}\n        members: false")
    return "\n\n".join(parts) + "\n"


def command_line() -> str:
    """Returns the page of all commands, as typer writes it from what `--help` says."""
    command = [sys.executable, "-m", "typer", "velveteen.cli.main", "utils", "docs", "--name", "velveteen"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    _, _, rest = told.partition("\n")
    return "# Command line\n\nWhat `velveteen COMMAND --help` says, of all commands.\n" + rest
