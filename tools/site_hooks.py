"""What `make docs` does beside Markdown to HTML: mkdocs calls these functions by their names.

- The reference pages are written from the running program, see `tools/site_reference.py`.
- The pages at the project's root (security, contributing, …) become pages of the site.
- The build fails when a page would load anything from another host.
"""

import logging
from pathlib import Path
from typing import Any

import site_pages
import site_reference
from mkdocs.structure.files import File
from pymdownx.slugs import slugify

log = logging.getLogger("mkdocs.hooks.site")
ROOT = Path(__file__).parent.parent


def on_config(config: Any) -> Any:
    """Headings get the addresses that they have on GitHub."""
    config.mdx_configs["toc"]["slugify"] = slugify(case="lower")
    return config


def on_files(files: Any, config: Any) -> Any:
    """Adds the pages that are not in docs."""
    for path, text in site_reference.pages().items():
        files.append(File.generated(config, path, content=text))
    for name in site_pages.ROOT_PAGES:
        files.append(File.generated(config, name.lower(), content=(ROOT / name).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Makes GitHub's Markdown the site's; programs side by side take the place of the navigation on the left."""
    if 'class="side-by-side"' in markdown:
        page.meta["hide"] = ["navigation"]
    return site_pages.for_the_site(markdown, page.file.src_uri)


def on_post_build(config: Any) -> None:
    """Warns of what would be loaded from elsewhere, which ends a strict build."""
    site = Path(config.site_dir)
    for path in sorted(site.rglob("*")):
        if path.suffix in (".html", ".css", ".svg"):
            for found in site_pages.loaded_from_elsewhere(path.read_text(encoding="utf-8")):
                log.warning("%s loads from elsewhere: %s", path.relative_to(site), found)
