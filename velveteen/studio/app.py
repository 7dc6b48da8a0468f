"""The studio's interface: what the page asks, as JSON under /api, and the page itself."""

import asyncio
import dataclasses
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, File, Path, Query, Request, Response, UploadFile, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from velveteen import __version__
from velveteen.errors import DataError, MissingFileError, StateError, VelveteenError, unknown_name
from velveteen.studio.commands import Command
from velveteen.studio.curves import Curves
from velveteen.studio.datasets import LABEL, PAGE, SAMPLE, Datasets
from velveteen.studio.names import NAME
from velveteen.studio.security import Guard
from velveteen.studio.trainings import Trainings
from velveteen.training.runs import RunHistory

if TYPE_CHECKING:
    from velveteen.studio.models import ModelsFolder
    from velveteen.studio.pretrained import Pretrained

PAGES = FilePath(__file__).parent / "pages"
RUNS, MODELS, DATASETS = "velveteen-runs", "models", "datasets"
_LARGEST_ID = 2**63 - 1
_BETWEEN = 0.5
"""Seconds between two looks into the history for those who watch."""

RunId = Annotated[int, Path(ge=1, le=_LARGEST_ID)]
Name = Annotated[str, Path(pattern=f"^{NAME.pattern}$")]
Label = Annotated[str, Path(pattern=f"^{LABEL.pattern}$")]
SampleName = Annotated[str, Path(pattern=f"^{SAMPLE.pattern}$")]


class Failure(BaseModel):
    """What went wrong, and what to do."""

    detail: str


class NewRun(BaseModel):
    """A training to start."""

    model_config = ConfigDict(extra="forbid")

    recipe: str = Field(max_length=50, description="Whose `train` command to run.")
    name: str = Field(pattern=f"^{NAME.pattern}$", description="Of the run, and of the model that it writes.")
    settings: dict[str, bool | int | float | str | list[str] | None] = Field(
        default_factory=dict, description="Values by the names of the command's options."
    )


class NewLabel(BaseModel):
    """Another name for a label."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field(pattern=f"^{LABEL.pattern}$")


class Studio:
    """What the interface works on.

    Args:
        root: the folder that everything lies in; data may be read from it.
        models: the folder of models, by default "models" in it.
        runs: the folder of the runs' history, by default "velveteen-runs" in it.
        commands: what can be trained.
    """

    def __init__(
        self,
        root: FilePath,
        models: FilePath | None = None,
        runs: FilePath | None = None,
        commands: Sequence[Command] = (),
    ):
        self.root = root
        self._models = models or root / MODELS
        self.history = RunHistory(runs or root / RUNS)
        self.curves = Curves(self.history)
        self.trainings = Trainings(self.history)
        self.datasets = Datasets(root / DATASETS)
        self.commands = {command.recipe: command for command in commands}

    @cached_property
    def models(self) -> "ModelsFolder":
        """The models; what reads them brings PyTorch, without which the page is there sooner."""
        from velveteen.studio.models import ModelsFolder

        return ModelsFolder(self._models)

    @cached_property
    def pretrained(self) -> "Pretrained":
        """The models that come with velveteen."""
        from velveteen.studio.pretrained import Pretrained

        return Pretrained()


def create_app(studio: Studio, token: str, port: int) -> Any:
    """Returns the application, guarded."""
    app = FastAPI(
        title="velveteen studio",
        version=__version__,
        description="Trainings with what they measure, and models.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(_runs(studio))
    app.include_router(_models(studio))
    app.include_router(_pretrained(studio))
    app.include_router(_datasets(studio))

    def failed(status: int) -> Callable[[Request, Exception], JSONResponse]:
        return lambda request, error: JSONResponse({"detail": str(error)}, status)

    app.add_exception_handler(MissingFileError, failed(404))
    app.add_exception_handler(StateError, failed(409))
    app.add_exception_handler(VelveteenError, failed(400))
    app.add_exception_handler(405, _not_allowed)
    if (PAGES / "index.html").is_file():
        app.mount("/", StaticFiles(directory=PAGES, html=True))
    else:

        @app.get("/", include_in_schema=False)
        def no_pages() -> PlainTextResponse:
            return PlainTextResponse("The studio's pages are not built. In a checkout, run: make web", 503)

    return Guard(app, token, port)


async def _not_allowed(request: Request, error: Exception) -> JSONResponse:
    """Names all methods of an address; a route by itself knows only its own."""
    templates = request.app.openapi()["paths"].items()
    methods = {
        method.upper()
        for template, operations in templates
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), request.url.path)
        for method in operations
    }
    return JSONResponse({"detail": "Method Not Allowed"}, 405, {"allow": ", ".join(sorted(methods)) or "GET, HEAD"})


def _failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Failure} for status in (401, 403, *statuses)}


def _runs(studio: Studio) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["runs"])
    trainings, history = studio.trainings, studio.history

    @router.get("/recipes", responses=_failures())
    def recipes() -> list[dict[str, Any]]:
        """What can be trained, with the options of each."""
        return [dataclasses.asdict(command) for command in studio.commands.values()]

    @router.get("/runs", responses=_failures())
    def runs() -> list[dict[str, Any]]:
        """All runs, the newest first."""
        return [dataclasses.asdict(run) for run in trainings.all()]

    @router.post("/runs", status_code=201, responses=_failures(400, 409))
    def start(new: NewRun) -> dict[str, Any]:
        """Starts a training, as a process of its own."""
        if new.recipe not in studio.commands:
            raise unknown_name("recipe", new.recipe, studio.commands)
        folder = studio.models.path(new.name)
        if any(run.folder == str(folder) and run.state == "running" for run in trainings.all()):
            raise StateError(f'A training is writing the model "{new.name}" right now. Give another name.')
        command = studio.commands[new.recipe].arguments(new.settings, folder, studio.root)
        return dataclasses.asdict(trainings.start(new.name, command, folder))

    @router.get("/runs/{run}", responses=_failures(404))
    def run(run: RunId) -> dict[str, Any]:
        """One run."""
        return dataclasses.asdict(trainings.refreshed(history.get(run)))

    @router.get("/runs/{run}/points", responses=_failures(404))
    def points(
        run: RunId,
        after: Annotated[int, Query(ge=0, le=_LARGEST_ID)] = 0,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 2000,
    ) -> list[dict[str, Any]]:
        """What a run has measured, from point `after` + 1 on, at most so many points."""
        history.get(run)
        return [dataclasses.asdict(point) for point in history.points(run, after, limit)]

    @router.get("/runs/{run}/curves", responses=_failures(404))
    def curves(
        run: RunId,
        width: Annotated[
            int, Query(ge=1, le=4000, description="Buckets: each has the least and the most of a curve.")
        ] = 600,
        first: Annotated[float | None, Query(allow_inf_nan=False, description="Epoch to begin at.")] = None,
        last: Annotated[float | None, Query(allow_inf_nan=False, description="Epoch to end at.")] = None,
        kind: Literal["batch", "epoch"] | None = None,
    ) -> dict[str, Any]:
        """What a run has measured, as curves of no more points than can be seen."""
        return studio.curves.of(run, width, first, last, kind)

    @router.get("/runs/{run}/log", responses=_failures(404))
    def log(run: RunId) -> dict[str, str]:
        """The last lines that a run has printed."""
        history.get(run)
        return {"text": trainings.log(run)}

    @router.post("/runs/{run}/stop", responses=_failures(404, 409))
    def stop(run: RunId) -> dict[str, Any]:
        """Asks a run to end and to keep what was learned."""
        return dataclasses.asdict(trainings.stop(run))

    @router.post("/runs/{run}/resume", responses=_failures(404, 409))
    def resume(run: RunId) -> dict[str, Any]:
        """Goes on with a run that has ended early."""
        recipe = next(iter(history.get(run).command), "")
        has_flag = recipe in studio.commands and studio.commands[recipe].resumes
        return dataclasses.asdict(trainings.resume(run, "--resume" if has_flag else None))

    @router.delete("/runs/{run}", status_code=204, responses=_failures(404, 409))
    def forget(run: RunId) -> None:
        """Forgets a run; the model stays."""
        if trainings.refreshed(history.get(run)).state == "running":
            raise StateError("This run is running. Stop it first.")
        history.remove(run)

    @router.websocket("/runs/{run}/live")
    async def live(socket: WebSocket, run: int) -> None:
        """Sends {"run", "summary"} whenever there is something new; the next one once the last was acknowledged."""
        await socket.accept()
        try:
            told: Any = None
            while True:
                found = await run_in_threadpool(lambda: trainings.refreshed(history.get(run)))
                now = {
                    "run": dataclasses.asdict(found),
                    "summary": await run_in_threadpool(studio.curves.summary, run),
                }
                if now != told:
                    told = now
                    await socket.send_json(now)
                    await socket.receive_text()  # whoever is slow hears less often, and nothing piles up
                    continue
                if found.state != "running":
                    await socket.close()
                    return
                await asyncio.sleep(_BETWEEN)
        except WebSocketDisconnect:
            return
        except MissingFileError as error:
            await socket.close(1008, str(error)[:120])

    return router


def _models(studio: Studio) -> APIRouter:
    router = APIRouter(prefix="/api/models", tags=["models"])

    @router.get("", responses=_failures())
    def all_models() -> list[dict[str, Any]]:
        """The models in the models folder, the newest first."""
        return studio.models.all()

    @router.get("/{name}", responses=_failures(400, 404))
    def model(name: Name) -> dict[str, Any]:
        """Layers, weights' distributions, metadata, files and pictures of a model."""
        return studio.models.describe(name)

    @router.get("/{name}/example", responses=_failures(400, 404))
    def example(name: Name, seed: Annotated[int, Query(ge=0, le=2**31)] = 1) -> dict[str, Any]:
        """Random inputs and what Python makes of them."""
        return studio.models.example(name, seed)

    @router.get("/{name}/zip", response_class=Response, responses=_failures(400, 404))
    def zipped(name: Name) -> Response:
        """The model's folder for a web page."""
        content = studio.models.zipped(name)
        headers = {"content-disposition": f'attachment; filename="{name}.zip"'}
        return Response(content, media_type="application/zip", headers=headers)

    @router.get("/{name}/files/{file}", response_class=FileResponse, responses=_failures(400, 404))
    def file(name: Name, file: Annotated[str, Path(max_length=200)]) -> FileResponse:
        """One of the model's files."""
        return FileResponse(studio.models.file(name, file), headers={"cache-control": "no-cache"})

    @router.delete("/{name}", status_code=204, responses=_failures(400, 404))
    def remove(name: Name) -> None:
        """Deletes a model."""
        studio.models.remove(name)

    return router


def _pretrained(studio: Studio) -> APIRouter:
    router = APIRouter(prefix="/api/pretrained", tags=["models"])

    @router.get("", responses=_failures())
    def all_pretrained() -> list[dict[str, Any]]:
        """The models that come with velveteen."""
        return studio.pretrained.all()

    @router.get("/{recipe}/{name}/files/{file}", response_class=FileResponse, responses=_failures(400, 404))
    def file(recipe: Name, name: Name, file: Annotated[str, Path(max_length=200)]) -> FileResponse:
        """One of the files of such a model."""
        return FileResponse(studio.pretrained.file(recipe, name, file), headers={"cache-control": "no-cache"})

    return router


def _datasets(studio: Studio) -> APIRouter:
    router = APIRouter(prefix="/api/datasets", tags=["datasets"])
    datasets = studio.datasets

    @router.get("", responses=_failures())
    def all_datasets() -> list[dict[str, Any]]:
        """The data sets made here, with their labels."""
        return datasets.all()

    @router.post("/{name}/{label}", status_code=201, responses=_failures(400, 413))
    async def add(name: Name, label: Label, files: Annotated[list[UploadFile], File()]) -> dict[str, Any]:
        """Adds examples: pictures or sounds, each with its content type. Tells which ones are none, if some are."""
        contents = [(file.filename or "", file.content_type or "", await file.read()) for file in files]

        def keep() -> dict[str, Any]:
            kept, refused = [], []
            for filename, kind, content in contents:
                try:
                    kept.append(datasets.add(name, label, kind, content))
                except DataError as error:
                    refused.append({"name": filename, "reason": str(error)})
            if not kept:
                raise DataError(refused[0]["reason"] if refused else "There are no files. Send a picture or a sound.")
            return {"files": kept, "refused": refused, "total": datasets.count(name, label)}

        return await run_in_threadpool(keep)

    @router.get("/{name}/{label}", responses=_failures(400, 404))
    def samples(
        name: Name,
        label: Label,
        skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = PAGE,
    ) -> list[str]:
        """The newest examples of a label; so many are skipped."""
        return datasets.samples(name, label, skip, limit)

    @router.patch("/{name}/{label}", status_code=204, responses=_failures(400, 404, 409))
    def rename(name: Name, label: Label, new: NewLabel) -> None:
        """Gives a label another name."""
        datasets.rename(name, label, new.label)

    @router.delete("/{name}/{label}", status_code=204, responses=_failures(400, 404))
    def remove_label(name: Name, label: Label) -> None:
        """Deletes a label with its examples."""
        datasets.remove_label(name, label)

    @router.get("/{name}/{label}/{file}", response_class=FileResponse, responses=_failures(400, 404))
    def sample(name: Name, label: Label, file: SampleName) -> FileResponse:
        """One example."""
        return FileResponse(datasets.sample(name, label, file))

    @router.delete("/{name}/{label}/{file}", status_code=204, responses=_failures(400, 404))
    def remove(name: Name, label: Label, file: SampleName) -> None:
        """Deletes an example."""
        datasets.remove(name, label, file)

    return router
