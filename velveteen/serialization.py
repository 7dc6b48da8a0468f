"""Objects that are saved as `{"class_name", "config"}`: how they are registered, written and read.

The config is read from the constructor's signature, never written a second time: a parameter `units` is saved from the
attribute `units`.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Self, TypeVar

from velveteen.errors import ArgumentError, ArgumentTypeError, did_you_mean, unknown_name

Class = TypeVar("Class", bound=type)
Function = TypeVar("Function", bound=Callable[..., Any])

_classes: dict[str, type["Serializable"]] = {}
_parameters: dict[type, tuple[str, ...]] = {}
_functions: dict[str, Callable[..., Any]] = {}
_reserved: set[str] = set()


class Serializable:
    """Base of everything that has a place in a model's file."""

    class_name: ClassVar[str]
    """The name in files: TensorFlow.js's. By default the Python class's own."""

    def __init_subclass__(cls, **options: Any):
        super().__init_subclass__(**options)
        if "class_name" not in vars(cls):
            cls.class_name = cls.__name__

    def get_config(self) -> dict[str, Any]:
        """Returns what the constructor needs to make such an object again, as JSON has it."""
        return {name: serialize(getattr(self, name)) for name in constructor_parameters(type(self))}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes an object from `get_config`'s answer; keys that the constructor does not know are left out."""
        known = constructor_parameters(cls)
        return cls(**{key: value for key, value in config.items() if key in known})


def register_class(cls: Class, class_name: str | None = None) -> Class:
    """Makes a class loadable by name; usable as a decorator.

    Args:
        cls: a subclass of Layer, Initializer, Regularizer, Constraint or Optimizer. A loss or metric is a function:
            see `register_function`.
        class_name: the name in files; by default `cls.class_name`.

    Raises:
        ArgumentTypeError: when `cls` is no such class.
        ArgumentError: when another class has that name already.
    """
    if not (isinstance(cls, type) and issubclass(cls, Serializable)):
        raise ArgumentTypeError(f"register_class() expects a class such as a subclass of layers.Layer, got {cls!r}.")
    name = class_name or cls.class_name
    other = _classes.get(name)
    if other is not None and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
        raise ArgumentError(f'The name "{name}" belongs to {other!r} already. Give the new class another class_name.')
    cls.class_name = name
    _classes[name] = cls
    return cls


def register_function(function: Function, name: str | None = None) -> Function:
    """Gives a loss or metric of one's own a name, so that models compiled with it are saved and loaded with it.

    Usable as a decorator. A program that loads such a model registers the function first; TensorFlow.js, which has no
    such names, loads the model without its training configuration.

    Args:
        function: takes `y_true` and `y_pred`, as for `model.compile`.
        name: by default the function's own.

    Raises:
        ArgumentTypeError: when `function` is none.
        ArgumentError: when a loss, a metric or another function has that name already.
    """
    if not callable(function) or isinstance(function, type):
        raise ArgumentTypeError(
            f"register_function() expects a function of y_true and y_pred, got {function!r:.100}. "
            "Classes are registered by register_class()."
        )
    name = snake_case(str(name or getattr(function, "__name__", type(function).__name__)))
    other = _functions.get(name)
    if name in _reserved or (other is not None and _home(other) != _home(function)):
        raise ArgumentError(f'There is a function named "{name}" already. Give register_function() another name.')
    _functions[name] = function
    return function


def reserve_names(names: Iterable[str]) -> None:
    """Keeps names of velveteen's own functions from being registered for others."""
    _reserved.update(names)


def registered_function(name: str) -> Callable[..., Any] | None:
    """Returns the function registered under a name in either spelling, or None."""
    return _functions.get(snake_case(name))


def name_in_files(function: Callable[..., Any]) -> str | None:
    """Returns the name under which a file can hold a function: its registered one, its own if it is velveteen's."""
    for name, registered in _functions.items():
        if registered is function:
            return name
    is_own = (getattr(function, "__module__", None) or "").startswith("velveteen.")
    return getattr(function, "__name__", None) if is_own else None


def _home(function: Callable[..., Any]) -> tuple[Any, Any]:
    return getattr(function, "__module__", None), getattr(function, "__qualname__", function)


def serialize(value: Any) -> Any:
    """Returns `value` as JSON has it."""
    if isinstance(value, Serializable):
        return {"class_name": value.class_name, "config": value.get_config()}
    if isinstance(value, tuple | list):
        return [serialize(part) for part in value]
    if isinstance(value, dict):
        return {key: serialize(part) for key, part in value.items()}
    if callable(value) and hasattr(value, "__name__"):  # an activation, known by its name
        if not value.__module__.startswith("velveteen."):
            raise ArgumentError(
                f"The function {value.__qualname__} cannot be saved, since a file holds no code. "
                "Use an activation by name, or write a layer of your own and register_class it."
            )
        return value.__name__
    return value


def deserialize(data: Any, base: type, kind: str) -> Any:
    """Makes an object from `{"class_name", "config"}`.

    Args:
        data: as read from a file.
        base: the class it must be a subclass of.
        kind: what to call it in an error ("layer", "initializer", …).
    """
    if not isinstance(data, dict) or not isinstance(data.get("class_name"), str):
        raise ArgumentError(f'A saved {kind} must have a "class_name" and a "config", but this one is {data!r:.200}.')
    cls = find_class(data["class_name"], base, kind)
    config = data.get("config") or {}
    if not isinstance(config, dict | list):
        raise ArgumentError(f'The config of {kind} "{data["class_name"]}" must be an object, got {config!r:.200}.')
    return cls.from_config(config)


def find_class(name: str, base: type, kind: str) -> Any:
    """Returns the registered subclass of `base` with that name."""
    cls = _classes.get(name)
    if cls is None or not issubclass(cls, base):
        known = [each for each, candidate in _classes.items() if issubclass(candidate, base)]
        error = unknown_name(kind, name, known)
        raise type(error)(f"{error} Write your own with serialization.register_class.")
    return cls


def constructor_parameters(cls: type) -> tuple[str, ...]:
    """Returns the names of all the parameters that a class's constructor and those it hands on to take."""
    if cls in _parameters:
        return _parameters[cls]
    names: dict[str, None] = {}
    for ancestor in cls.__mro__:
        init = vars(ancestor).get("__init__")
        if init is None or not issubclass(ancestor, Serializable):
            continue
        parameters = list(inspect.signature(init).parameters.values())[1:]
        names.update((p.name, None) for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    _parameters[cls] = tuple(names)
    return _parameters[cls]


def reject_unknown(cls: type, unknown: dict[str, Any]) -> None:
    """Raises for keyword arguments that no constructor of `cls` takes."""
    for key in unknown:
        known = constructor_parameters(cls)
        raise ArgumentTypeError(
            f'{cls.__name__} has no argument "{key}".{did_you_mean(key, known)} It takes: {", ".join(known)}.'
        )


def snake_case(name: str) -> str:
    """Returns `name` in snake_case: "meanSquaredError" and "MeanSquaredError" become "mean_squared_error"."""
    out = ""
    for i, letter in enumerate(name):
        after_small = i > 0 and name[i - 1].islower()  # "Conv2D" is one word, as in TensorFlow.js: conv2d
        before_small = i > 0 and (name[i - 1].isupper() or name[i - 1].isdigit()) and name[i + 1 : i + 2].islower()
        out += "_" + letter.lower() if letter.isupper() and (after_small or before_small) else letter.lower()
    return out.replace("__", "_")


def named(functions: dict[str, Callable[..., Any]], identifier: str, kind: str) -> Callable[..., Any]:
    """Looks a function up by its name in either spelling."""
    wanted = snake_case(identifier)
    folded = {name.replace("_", ""): function for name, function in functions.items()}
    found = functions.get(wanted) or folded.get(wanted.replace("_", ""))
    if found is None:
        raise unknown_name(kind, identifier, functions)
    return found
