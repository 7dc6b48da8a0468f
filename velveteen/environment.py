"""What TensorFlow.js asks of the browser around it: flags, and waiting. Programs that are ported keep their lines."""

from collections.abc import Generator, Mapping
from typing import Any

from velveteen import _memory, backend
from velveteen.errors import unknown_name

_DEFAULTS: dict[str, Any] = {
    "CHECK_COMPUTATION_FOR_ERRORS": True,
    "DEBUG": False,
    "DEPRECATION_WARNINGS_ENABLED": True,
    "ENGINE_COMPILE_ONLY": False,
    "IS_BROWSER": False,
    "IS_CHROME": False,
    "IS_NODE": False,
    "IS_SAFARI": False,
    "IS_TEST": False,
    "KEEP_INTERMEDIATE_TENSORS": False,
    "PROD": False,
    "TENSORLIKE_CHECK_SHAPE_CONSISTENCY": True,
    "USE_SETTIMEOUTCUSTOM": False,
    "WRAP_TO_IMAGEBITMAP": False,
}

_OF_BACKENDS = ("HAS_WEBGL", "WEBGL_", "WEBGPU_", "WASM_", "CPU_", "CANVAS2D_", "SOFTWARE_WEBGL_")
"""How flags of TensorFlow.js's backends begin. None of these is here, so each is False until it is set."""


class Environment:
    """Flags by name: `env().get("DEBUG")`. "DEBUG" switches `enable_debug_mode`; others are kept, and do nothing."""

    platform_name = "python"

    def __init__(self) -> None:
        self._flags: dict[str, Any] = {}

    def get(self, flag_name: str) -> Any:
        """Returns the value of a flag: what was set, else what is true of this program.

        Raises:
            UnknownNameError: neither TensorFlow.js nor the program has such a flag.
        """
        self._check(flag_name)
        return self._flags.get(flag_name, _DEFAULTS.get(flag_name, False))

    def get_bool(self, flag_name: str) -> bool:
        """As `get`, as a bool."""
        return bool(self.get(flag_name))

    def get_number(self, flag_name: str) -> float:
        """As `get`, as a number."""
        value = self.get(flag_name)
        return value if isinstance(value, float) else int(value)

    def get_string(self, flag_name: str) -> str:
        """As `get`, as a text."""
        return str(self.get(flag_name))

    async def get_async(self, flag_name: str) -> Any:
        """Awaitable `get`."""
        return self.get(flag_name)

    def set(self, flag_name: str, value: Any) -> None:
        """Sets a flag.

        Raises:
            UnknownNameError: there is no such flag.
        """
        self._check(flag_name)
        self._flags[flag_name] = value
        if flag_name == "DEBUG":
            (_memory.enable_debug_mode if value else _memory.enable_prod_mode)()

    def set_flags(self, flags: Mapping[str, Any]) -> None:
        """Forgets all flags and sets these."""
        self.reset()
        for name, value in flags.items():
            self.set(name, value)

    def get_flags(self) -> dict[str, Any]:
        """Returns all flags with their values."""
        return _DEFAULTS | self._flags

    @property
    def features(self) -> dict[str, Any]:
        """The same as `get_flags()`."""
        return self.get_flags()

    def register_flag(self, flag_name: str, evaluation_fn: Any, set_hook: Any = None) -> None:
        """Adds a flag of one's own.

        Args:
            flag_name: its name.
            evaluation_fn: returns its value.
            set_hook: called with that value.
        """
        self._flags[flag_name] = evaluation_fn()
        if set_hook is not None:
            set_hook(self._flags[flag_name])

    def reset(self) -> None:
        """Forgets what was set."""
        if self._flags.pop("DEBUG", False):
            _memory.enable_prod_mode()
        self._flags.clear()

    def _check(self, flag_name: str) -> None:
        known = flag_name in _DEFAULTS or flag_name in self._flags or flag_name.startswith(_OF_BACKENDS)
        if not known:
            raise unknown_name("flag", flag_name, _DEFAULTS)


_environment = Environment()


def env() -> Environment:
    """Returns the flags of this program."""
    return _environment


class _Soon:
    """Can be awaited, which lets others run first; nothing is missed where it is not awaited."""

    def __await__(self) -> Generator[None]:
        yield


def ready() -> _Soon:
    """Chooses the backend if that has not happened; `await ready()` and plain `ready()` do the same."""
    backend.device()
    return _Soon()


def next_frame() -> _Soon:
    """Lets others of the event loop run: `await next_frame()`."""
    return _Soon()
