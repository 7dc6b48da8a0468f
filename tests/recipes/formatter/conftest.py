from pathlib import Path

import pytest

pytest.importorskip("tree_sitter", reason="the extra formatter is not installed")

from velveteen.recipes.formatter import main
from velveteen.recipes.formatter.languages import named

UNIT = """\
function name{i}(first, second) {{
  const total{i} = first + second * {i};
  if (total{i} > {i}) {{
    return [first, second, total{i}];
  }}

  // a comment of its own line
  return call{i}({{ key: first, other: "text" }}, function (value) {{
    return value ? value.inner : null; // behind it
  }});
}}

const value{i} = name{i}(1, 2);
"""


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small consistent project in JavaScript."""
    folder = tmp_path_factory.mktemp("project")
    for i in range(12):
        (folder / f"file{i}.js").write_text("\n".join(UNIT.format(i=10 * i + j) for j in range(4)))
    return folder


@pytest.fixture(scope="session")
def trained(project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, main.Training]:
    """A model that has learned that project's style."""
    out = tmp_path_factory.mktemp("models") / "model"
    sources, found = main.collect([project], [named("javascript")])
    return out, main.train(sources, skipped=dict(found.skipped), epochs=25, out=out, seed=1, verbose=False)
