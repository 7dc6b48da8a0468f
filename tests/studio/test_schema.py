"""The OpenAPI description holds: schemathesis asks whatever it allows and whatever it does not."""

import tempfile
from pathlib import Path

import hypothesis
import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

from velveteen.cli.studio import trainable
from velveteen.studio.app import Studio, create_app

PORT, TOKEN = 8317, "the-token"
_folder = tempfile.TemporaryDirectory()
_studio = Studio(Path(_folder.name), commands=list(trainable()))
_studio.trainings._run = lambda run, command: run  # type: ignore[method-assign]  # nothing is trained here
OWN = {"Host": f"127.0.0.1:{PORT}", "Authorization": f"Bearer {TOKEN}"}
schema = schemathesis.openapi.from_asgi("/api/openapi.json", create_app(_studio, TOKEN, PORT), headers=OWN)


@schema.parametrize()
@hypothesis.settings(max_examples=8, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_the_interface_is_as_described(case):
    # What a recipe takes, and whether a body is a picture, stands in no schema: that is refused with 400 and words.
    is_free = case.method == "POST" and case.operation.path in ("/api/runs", "/api/datasets/{name}/{label}")
    case.call_and_validate(headers=OWN, excluded_checks=[positive_data_acceptance] if is_free else [])
