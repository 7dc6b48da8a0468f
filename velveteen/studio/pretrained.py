"""Models that come with velveteen, to be tried in the browser."""

from pathlib import Path
from typing import Any

import velveteen.recipes
from velveteen.errors import MissingFileError
from velveteen.studio.models import ModelsFolder

FOLDER = "pretrained"
"""In a recipe's own: a model, or folders of one each."""


class Pretrained:
    """The models in the recipes' folders.

    Args:
        recipes: the folder of the recipes.
    """

    def __init__(self, recipes: Path = Path(velveteen.recipes.__path__[0])):
        self._folders = {
            folder.parent.name: ModelsFolder(folder.parent if (folder / "model.json").is_file() else folder)
            for folder in sorted(recipes.glob(f"*/{FOLDER}"))
        }

    def all(self) -> list[dict[str, Any]]:
        """Returns what `ModelsFolder.all` tells of each, by recipe and name."""
        found = [model for models in self._folders.values() for model in models.all()]
        return sorted(found, key=lambda model: (model["recipe"] or "", model["name"]))

    def file(self, recipe: str, name: str, file: str) -> Path:
        """Returns the path of one of a model's own files.

        Raises:
            MissingFileError: no models come with the recipe, there is no such model, or it has no such file.
        """
        if recipe not in self._folders:
            raise MissingFileError(
                f"No models of {recipe!r:.120} come with velveteen, only of {', '.join(self._folders)}."
            )
        return self._folders[recipe].file(name, file)
