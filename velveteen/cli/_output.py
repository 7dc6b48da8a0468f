"""How commands answer: a value as JSON for machines, or words for people; and errors in one friendly line."""

import dataclasses
import json
import math
import os
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from velveteen.errors import VelveteenError

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]

CALL_WAS_WRONG = 2
INTERRUPTED = 130


class Commands(TyperGroup):
    """The `velveteen` command: an error becomes one line and an exit code, unless VELVETEEN_DEBUG is set."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta["velveteen.as_json"] = "--json" in args  # known before any argument is found wrong
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # whoever reads has left; typer ends quietly
        except (VelveteenError, OSError) as error:
            _fail(error, ctx.meta["velveteen.as_json"])
        except typer.Exit:
            raise
        except KeyboardInterrupt:
            print("Stopped. Files are as they were last written whole.", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            if ctx.meta["velveteen.as_json"] and hasattr(error, "format_message"):  # typer's own about the call
                answer({"error": error.format_message()})
                raise typer.Exit(CALL_WAS_WRONG) from error
            raise


def _fail(error: Exception, as_json: bool) -> NoReturn:
    if os.environ.get("VELVETEEN_DEBUG"):
        raise error
    if as_json:
        answer({"error": str(error)})
    else:
        print(f"error: {error}", file=sys.stderr)
    raise typer.Exit(CALL_WAS_WRONG)


def answer(value: Any) -> None:
    """Prints a value as JSON on standard output; what is no number becomes null."""
    print(json.dumps(_plain(value), ensure_ascii=False), flush=True)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
