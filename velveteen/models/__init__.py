"""Models: layers connected to something that can be trained, asked and saved."""

from velveteen.models.model import LayersModel, Model, model
from velveteen.models.saving import model_from_json
from velveteen.models.sequential import Sequential, sequential

__all__ = ["LayersModel", "Model", "Sequential", "model", "model_from_json", "sequential"]
