"""How a page as GitHub shows it becomes a page of the documentation site. Nothing here needs mkdocs."""

import re

ROOT_PAGES = ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
"""Those at the project's root that the site has, too."""

_FENCE = re.compile(r"^(```+|~~~+)")
_ITEM = re.compile(r"^(?:[-*]|\d+\.) ")
_LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\ssrc=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|<link\b(?![^>]*rel=["']?canonical)[^>]*\shref=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|url\(\s*["']?(?:https?:)?//[^)]+|@import\s+["'](?:https?:)?//[^"']+""",
    re.IGNORECASE,
)


def for_the_site(markdown: str, path: str) -> str:
    """Returns the Markdown of a page with links between pages of the site, and with the empty lines that mkdocs needs.

    Args:
        markdown: as it stands in the file.
        path: of the page on the site.
    """
    for name in ROOT_PAGES:
        markdown = re.sub(rf"\]\((?:\.\./)?{re.escape(name)}(#[\w-]+)?\)", rf"]({name.lower()}\1)", markdown)
    markdown = re.sub(r"\]\((?:\.\./)?README\.md(?:#[\w-]+)?\)", "](index.md)", markdown)
    if path in {name.lower() for name in ROOT_PAGES}:
        markdown = markdown.replace("](docs/", "](")
    return _spaced(markdown)


def _spaced(markdown: str) -> str:
    """Puts empty lines before lists and tables and around code, which on GitHub may follow a paragraph directly."""
    lines: list[str] = []
    fence, after_fence = "", False
    for line in markdown.split("\n"):
        before = lines[-1] if lines else ""
        opened = _FENCE.match(line)
        if fence:
            lines.append(line)
            if opened and line.strip() == fence:
                fence, after_fence = "", True
            continue
        begins_list = bool(_ITEM.match(line)) and not _ITEM.match(before) and not before.startswith(" ")
        begins_table = line.startswith("|") and not before.startswith("|")
        if before and line and (opened or begins_list or begins_table or after_fence):
            lines.append("")
        lines.append(line)
        after_fence = False
        if opened:
            fence = opened[1]
    return "\n".join(lines)


def loaded_from_elsewhere(text: str) -> list[str]:
    """Returns what a page, style sheet or picture would load from another host."""
    return [match[0][:120] for match in _LOADED.finditer(text)]
