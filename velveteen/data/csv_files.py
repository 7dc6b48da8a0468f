"""Datasets of tables in CSV files, read as TensorFlow.js reads them."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from velveteen.data._batching import regrouped
from velveteen.data._csv_vectors import number_blocks
from velveteen.data.dataset import Dataset
from velveteen.data.text_lines import TextLineDataset
from velveteen.errors import ArgumentError, DataError, unknown_name
from velveteen.serialization import snake_case
from velveteen.tensors import Tensor

_KNOWN_SETTINGS = ("required", "dtype", "default", "is_label")
_DTYPES = ("float32", "int32", "bool", "string")
# What JavaScript's Number() takes, beside what Python's float() does: other bases, nothing but blanks, Infinity.
_DECIMAL = re.compile(r"[+-]?(Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)", re.ASCII)
_OTHER_BASE = re.compile(r"0([xX][0-9a-fA-F]+|[bB][01]+|[oO][0-7]+)")


class CSVDataset(Dataset):
    """Rows of a CSV file, a dict by column names each; see `csv`."""

    def __init__(
        self,
        input: Any,
        *,
        has_header: bool = True,
        column_names: Sequence[str] | None = None,
        column_configs: Mapping[str, Mapping[str, Any]] | None = None,
        configured_columns_only: bool = False,
        delimiter: str | None = None,
        delim_whitespace: bool = False,
        as_vectors: bool = False,
        workers: int = 1,
    ):
        if delim_whitespace and delimiter is not None:
            raise ArgumentError("csv() takes either a delimiter or delim_whitespace=True, not both.")
        self.delimiter = " " if delim_whitespace else delimiter or ","
        if len(self.delimiter) != 1:
            raise ArgumentError(f"csv() expects a delimiter of one character, got {self.delimiter!r}.")
        self.has_header = has_header
        self.column_configs = _settings(column_configs)
        self.configured_columns_only = configured_columns_only
        self.base = TextLineDataset(input)
        self._delim_whitespace = delim_whitespace
        self._given_names = None if column_names is None else list(column_names)
        self._columns: list[_Column] | None = None
        self._names: list[str] = []
        self._width = 0
        self._as_vectors = as_vectors
        self._workers = workers
        if as_vectors and any(config.dtype not in (None, "float32") for config in self.column_configs.values()):
            raise ArgumentError(
                "csv(as_vectors=True) gives float32 only. Leave out the dtypes in column_configs, or as_vectors."
            )
        super().__init__(self._vectors if as_vectors else self._rows)

    def batch(self, batch_size: int, small_last_batch: bool = True) -> Dataset:
        batched = super().batch(batch_size, small_last_batch)
        if not self._as_vectors:
            return batched
        return Dataset(lambda: self._vector_batches(batch_size, small_last_batch), batched.size)

    def column_names(self) -> list[str]:
        """Returns the names of the columns: of all, or with `configured_columns_only` of those configured.

        Raises:
            DataError: no names, doubled ones, or another number of them than in the file.
            UnknownNameError: a configured column that is not there.
        """
        if self._columns is None:
            self._read_names()
        return list(self.column_configs) if self.configured_columns_only else list(self._names)

    def _read_names(self) -> None:
        found = self._header() if self.has_header else None
        names = self._given_names or found
        if names is None:
            raise DataError("A CSV file without a header line (has_header=False) needs column_names=[…].")
        if found is not None and len(found) != len(names):
            raise DataError(
                f"column_names has {len(names)} names, but the header line has {len(found)} columns: {', '.join(found)}."
            )
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise DataError(
                f"The CSV file has several columns of one name: {', '.join(doubled)}. Give each a name of its own with "
                "column_names=[…]."
            )
        for name in self.column_configs:
            if name not in names:
                raise unknown_name("column", name, names)
        self._names = names
        self._width = len(names)
        self._columns = [
            _Column(name, place, self.column_configs.get(name, _Config()))
            for place, name in enumerate(names)
            if not self.configured_columns_only or name in self.column_configs
        ]

    def _header(self) -> list[str]:
        first = next(iter(self.base), None)
        if first is None:
            raise DataError(
                "The CSV file is empty. Give one with a header line, or with has_header=False rows at least."
            )
        return self._fields(first)

    def _rows(self) -> Iterator[Any]:
        if self._columns is None:
            self._read_names()
        columns = self._columns
        assert columns is not None
        labels = [column for column in columns if column.config.is_label]
        features = [column for column in columns if not column.config.is_label]
        first_line = 2 if self.has_header else 1
        simple = all(column.config == _Config() for column in columns)
        for number, line in enumerate(self.base.skip(first_line - 1), first_line):
            values = self._checked_fields(line, number)
            if simple:
                yield {name: as_number_or_text(values[place]) if values[place] else None for name, place, _ in columns}
            elif labels:
                yield {
                    "xs": {column.name: _read(column, values, number) for column in features},
                    "ys": {column.name: _read(column, values, number) for column in labels},
                }
            else:
                yield {column.name: _read(column, values, number) for column in features}

    def _vectors(self) -> Iterator[Any]:
        for parts in self._vector_parts():
            for row in zip(*parts, strict=True):
                yield self._element([Tensor(part) for part in row])  # copies: not the whole block is held

    def _vector_batches(self, size: int, small_last: bool) -> Iterator[Any]:
        for parts in regrouped(self._vector_parts(), size, small_last):
            yield self._element([Tensor(part) for part in parts])

    def _vector_parts(self) -> Iterator[tuple[np.ndarray, ...]]:
        """Yields the features of some rows, and their labels where there are any."""
        if self._columns is None:
            self._read_names()
        columns = self._columns
        assert columns is not None
        features = [column.place for column in columns if not column.config.is_label]
        labels = [column.place for column in columns if column.config.is_label]
        chosen = [places for places in (features, labels) if places]
        skipped = 1 if self.has_header else 0
        plain = not self._delim_whitespace
        blocks = number_blocks(
            self.base.input,
            skipped,
            self._width if plain else 0,  # with no columns nothing is plain, and all is read line by line
            self.delimiter,
            self._workers,
            self._read_lines,
        )
        for block in blocks:
            yield tuple(block[:, places] for places in chosen)

    def _element(self, parts: list[Tensor]) -> Any:
        return {"xs": parts[0], "ys": parts[1]} if len(parts) == 2 else parts[0]

    def _read_lines(self, lines: list[str], first: int) -> np.ndarray:
        """Returns float32 [lines, columns in the file] of lines with empty fields, quotes or other spellings of numbers."""
        assert self._columns is not None
        rows = np.full((len(lines), self._width), np.nan, dtype=np.float32)
        for row, line in enumerate(lines):
            values = self._checked_fields(line, first + row)
            for column in self._columns:
                value = _read(column, values, first + row)
                if isinstance(value, str):
                    raise DataError(
                        f'Column "{column.name}" holds the text {value!r:.60} in line {first + row} of the CSV file, but '
                        "as_vectors=True takes numbers. Leave the column out with column_configs and "
                        "configured_columns_only=True, or leave as_vectors out and map() the rows."
                    )
                rows[row, column.place] = np.nan if value is None else value
        return rows

    def _checked_fields(self, line: str, number: int) -> list[str]:
        values = self._fields(line)
        if len(values) != self._width:
            raise DataError(
                f"Line {number} of the CSV file has {len(values)} columns, but there are {self._width} column names: "
                f"{line!r:.100}."
            )
        return values

    def _fields(self, line: str) -> list[str]:
        if '"' in line or self._delim_whitespace:
            return _quoted_fields(line, self.delimiter, self._delim_whitespace)
        return line.split(self.delimiter)


class _Config(NamedTuple):
    required: bool = False
    dtype: str | None = None
    default: Any = None
    is_label: bool = False


class _Column(NamedTuple):
    name: str
    place: int
    config: _Config


def csv(
    source: Any,
    *,
    has_header: bool = True,
    column_names: Sequence[str] | None = None,
    column_configs: Mapping[str, Mapping[str, Any]] | None = None,
    configured_columns_only: bool = False,
    delimiter: str | None = None,
    delim_whitespace: bool = False,
    as_vectors: bool = False,
    workers: int = 1,
) -> CSVDataset:
    """Makes a dataset of the rows of a CSV file, which is read line by line however large it is.

    Each row is a dict by column names; with labels it is `{"xs": dict, "ys": dict}`. What reads as a number becomes a
    float, other text stays, and an empty field becomes None. Quotes work as in TensorFlow.js: a quoted field may hold
    delimiters, but no line ends, and a doubled quote stays doubled.

    Args:
        source: a path, an http(s) address, bytes or a DataSource.
        has_header: whether the first line has the columns' names.
        column_names: names to use instead of the header's.
        column_configs: by column name a dict with any of `"required"` (an empty field is an error), `"dtype"`
            ("float32", "int32", "bool" or "string"), `"default"` (for empty fields) and `"is_label"`.
        configured_columns_only: whether to leave out columns that `column_configs` does not name.
        delimiter: the character between fields, "," by default.
        delim_whitespace: whether any number of spaces separates fields.
        as_vectors: whether a row is a vector of its numbers, float32 [columns], in the order of the file, instead of a
            dict; with labels `{"xs": vector, "ys": vector}`. That is what a network takes, and many times faster.
        workers: processes that read numbers ahead with `as_vectors`, where the file is large; 0 for none.

    Raises:
        ArgumentError, UnknownNameError: settings that make no sense.
        DataError: when gone through, rows that do not fit the columns, or an empty field where one is required.
        MissingFileError: when gone through, a source that is not there.
    """
    return CSVDataset(
        source,
        has_header=has_header,
        column_names=column_names,
        column_configs=column_configs,
        configured_columns_only=configured_columns_only,
        delimiter=delimiter,
        delim_whitespace=delim_whitespace,
        as_vectors=as_vectors,
        workers=workers,
    )


def as_number_or_text(text: str) -> float | str:
    """Returns the number that JavaScript's `Number(text)` is, or the text where that is NaN."""
    try:
        value = float(text)
    except ValueError:
        return _unusual_number(text)
    # Python's float() also takes "nan", "inf", "1_000" and digits of other scripts.
    if math.isfinite(value) and text.isascii() and "_" not in text:
        return value
    return _unusual_number(text)


def _unusual_number(text: str) -> float | str:
    stripped = text.strip()
    if not stripped:
        return 0.0
    if _OTHER_BASE.fullmatch(stripped):
        return float(int(stripped, 0))
    return float(stripped) if _DECIMAL.fullmatch(stripped) else text


def _read(column: _Column, values: list[str], line: int) -> Any:
    name, place, config = column
    text = values[place]
    if text == "":
        if config.default is not None:
            return config.default
        if config.required or config.is_label:
            raise DataError(
                f'The required column "{name}" is empty in line {line} of the CSV file. Fill it in, or give the column a '
                f'default: column_configs={{"{name}": {{"default": …}}}}.'
            )
        return None
    if config.dtype == "bool":
        return 1.0 if text == "1" or text.lower() == "true" else 0.0
    if config.dtype == "string":
        return text  # TensorFlow.js gives a number where it reads as one, and so a column of both
    value = as_number_or_text(text)
    if config.dtype == "int32" and isinstance(value, float) and math.isfinite(value):
        return math.floor(value)
    return value


def _settings(configs: Mapping[str, Mapping[str, Any]] | None) -> dict[str, _Config]:
    read = {}
    for column, given in (configs or {}).items():
        settings = {snake_case(key): value for key, value in given.items()}
        for key in settings:
            if key not in _KNOWN_SETTINGS:
                raise unknown_name(f'setting of column "{column}"', key, _KNOWN_SETTINGS)
        config = _Config(**settings)
        if config.dtype not in (None, *_DTYPES):
            raise unknown_name(f'dtype of column "{column}"', config.dtype, _DTYPES)
        read[column] = config
    return read


def _quoted_fields(line: str, delimiter: str, collapse: bool) -> list[str]:
    """Splits a line with quotes in it, as TensorFlow.js's parser does."""
    fields: list[str] = []
    begin, state = 0, "out"
    for at, character in enumerate(line):
        if state == "out":
            if character == '"':
                begin, state = at + 1, "quoted"
            elif character == delimiter:
                begin = at + 1
                if not collapse:
                    fields.append("")
            else:
                begin, state = at, "plain"
        elif state == "plain":
            if character == delimiter:
                fields.append(line[begin:at])
                begin, state = at + 1, "out"
        elif state == "quoted":
            if character == '"':
                state = "behind a quote"
        elif state == "behind a quote":
            if character == delimiter:
                fields.append(line[begin : at - 1])
                begin, state = at + 1, "out"
            else:
                state = "quoted" if character == '"' else "within"
        elif character == '"':
            state = "quoted"
    fields.append(line[begin:-1] if state == "behind a quote" else line[begin:])
    return fields
