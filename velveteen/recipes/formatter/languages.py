"""The languages: a further one is a row of this table, and its grammar from PyPI."""

import functools
import importlib
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from velveteen.errors import ArgumentError, MissingFileError, unknown_name


@dataclass(frozen=True)
class Language:
    """What must be told of a language; everything else is learned.

    Args:
        name: as in `--language`.
        extensions: of its files, the first of which stands for the language.
        package: the module of its tree-sitter grammar.
        function: the function in it that returns the grammar.
        verbatim: kinds of nodes that stay as they are, letter for letter.
        comments: kinds of nodes that are comments.
        lines_matter: whether the end of a line outside of brackets is a sign of the language, and indentation another.
        spaced: kinds of nodes whose parts have white space between them, which means something.
        ended: kinds of nodes that the end of a line ends where no semicolon does.
        free: kinds of nodes and the signs beside which white space in them means nothing ("": in all nodes), in a language
            where it does elsewhere.
        alike: kinds of nodes that make one chain, nested in each other, as those of one kind do.
    """

    name: str
    extensions: tuple[str, ...]
    package: str
    function: str = "language"
    verbatim: frozenset[str] = frozenset()
    comments: frozenset[str] = frozenset({"comment"})
    spaced: frozenset[str] = frozenset()
    lines_matter: bool = False
    ended: frozenset[str] = frozenset()
    free: tuple[tuple[str, bytes], ...] = ()
    alike: frozenset[str] = frozenset()


_SCRIPT = frozenset({"string", "template_string", "regex", "jsx_text", "html_comment", "hash_bang_line"})
_SCRIPT_COMMENTS = frozenset({"comment", "html_comment", "hash_bang_line"})
_SCRIPT_ENDED = frozenset(
    {
        "abstract_method_signature",
        "break_statement",
        "call_signature",
        "construct_signature",
        "continue_statement",
        "debugger_statement",
        "export_statement",
        "expression_statement",
        "field_definition",
        "function_signature",
        "import_alias",
        "import_statement",
        "index_signature",
        "lexical_declaration",
        "method_signature",
        "property_signature",
        "public_field_definition",
        "return_statement",
        "throw_statement",
        "type_alias_declaration",
        "variable_declaration",
    }
)

_SELECTORS = frozenset(
    {
        "adjacent_sibling_selector",
        "attribute_selector",
        "child_selector",
        "class_selector",
        "descendant_selector",
        "id_selector",
        "namespace_selector",
        "pseudo_class_selector",
        "pseudo_element_selector",
        "sibling_selector",
    }
)

_CSS = frozenset({"string_value", "integer_value", "float_value", "color_value"})


def _script(name: str, extensions: tuple[str, ...], package: str, function: str) -> Language:
    verbatim = _SCRIPT | {"template_literal_type"}
    return Language(name, extensions, package, function, verbatim, _SCRIPT_COMMENTS, ended=_SCRIPT_ENDED)


LANGUAGES = {
    language.name: language
    for language in (
        _script("javascript", (".js", ".mjs", ".cjs", ".jsx"), "tree_sitter_javascript", "language"),
        _script("typescript", (".ts", ".mts", ".cts"), "tree_sitter_typescript", "language_typescript"),
        _script("tsx", (".tsx",), "tree_sitter_typescript", "language_tsx"),
        Language(
            "css",
            (".css",),
            "tree_sitter_css",
            verbatim=_CSS,
            spaced=frozenset({"descendant_selector"}),
            alike=_SELECTORS,
            free=(
                ("", b"{};,!>~="),
                ("declaration", b":"),
                ("feature_query", b":"),
                ("adjacent_sibling_selector", b"+"),
            ),
        ),
        Language("json", (".json",), "tree_sitter_json", verbatim=frozenset({"string"})),
        Language("python", (".py", ".pyi"), "tree_sitter_python", verbatim=frozenset({"string"}), lines_matter=True),
        Language(
            "go",
            (".go",),
            "tree_sitter_go",
            verbatim=frozenset({"interpreted_string_literal", "raw_string_literal", "rune_literal"}),
        ),
    )
}


def named(name: str) -> Language:
    """Returns the language of a name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in LANGUAGES:
        raise unknown_name("language", name, LANGUAGES)
    return LANGUAGES[name]


def of_file(path: str | PurePath) -> Language:
    """Returns the language of a file, by its extension.

    Raises:
        ArgumentError: no language has it.
    """
    suffix = PurePath(path).suffix.lower()
    for language in LANGUAGES.values():
        if suffix in language.extensions:
            return language
    known = ", ".join(extension for language in LANGUAGES.values() for extension in language.extensions)
    raise ArgumentError(
        f'{path} is of no language that the formatter knows by its extension "{suffix}". Known: {known}.'
    )


@functools.cache
def parser(language: Language) -> Any:
    """Returns the tree-sitter parser of a language.

    Raises:
        MissingFileError: its package is not installed.
    """
    try:
        tree_sitter = importlib.import_module("tree_sitter")
        grammar = getattr(importlib.import_module(language.package), language.function)()
    except ImportError as error:
        raise MissingFileError(
            f'The grammar of {language.name} is not installed: {error}. pip install "velveteen[formatter]" brings it.'
        ) from error
    return tree_sitter.Parser(tree_sitter.Language(grammar))
