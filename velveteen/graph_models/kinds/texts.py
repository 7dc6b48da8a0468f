"""Nodes on texts, sparse tensors and hash tables."""

from typing import Any

import torch

from velveteen import backend
from velveteen.graph_models.kinds._reading import integers
from velveteen.graph_models.registry import Call, Function, kind, plain
from velveteen.graph_models.tables import HashTable
from velveteen.ops import sparse, string

plain({"SparseSegmentMean": sparse.sparse_segment_mean, "SparseSegmentSum": sparse.sparse_segment_sum})

_FILLED = ("output_indices", "output_values", "empty_row_indicator", "reverse_index_map")


@kind("SparseFillEmptyRows", outputs=_FILLED, many=True)
def sparse_fill_empty_rows(call: Call) -> Function:
    return lambda *inputs: list(sparse.sparse_fill_empty_rows(*inputs))


@kind("SparseReshape", outputs=("output_indices", "output_shape"), many=True)
def sparse_reshape(call: Call) -> Function:
    return lambda *inputs: list(sparse.sparse_reshape(*inputs))


@kind("StaticRegexReplace")
def static_regex_replace(call: Call) -> Function:
    pattern, rewrite = call.attributes.text("pattern"), call.attributes.text("rewrite")
    everywhere = call.attributes.boolean("replace_global", True)
    return lambda texts: string.static_regex_replace(texts, pattern, rewrite, everywhere)


@kind("StringNGrams", outputs=("ngrams", "ngrams_splits"), many=True)
def string_ngrams(call: Call) -> Function:
    separator, left, right = (call.attributes.text(name) for name in ("separator", "left_pad", "right_pad"))
    widths = integers(call.attributes.numbers("ngram_widths"))
    pad_width = int(call.attributes.number("pad_width", 0))
    keep_short = call.attributes.boolean("preserve_short_sequences")
    return lambda data, splits: list(
        string.string_ngrams(data, splits, separator, widths, left, right, pad_width, keep_short)
    )


@kind("StringSplit", outputs=("indices", "values", "shape"), many=True)
def string_split(call: Call) -> Function:
    skip_empty = call.attributes.boolean("skip_empty", True)
    return lambda texts, delimiter: list(string.string_split(texts, delimiter, skip_empty))


@kind("StringToHashBucketFast")
def string_to_hash_bucket_fast(call: Call) -> Function:
    buckets = int(call.attributes.number("num_buckets", 1))
    return lambda texts: string.string_to_hash_bucket_fast(texts, buckets)


@kind("HashTable", "HashTableV2")
def hash_table(call: Call) -> Function:
    key_dtype, value_dtype = call.attributes.dtype("key_dtype"), call.attributes.dtype("value_dtype")
    # The initializer's node of this name and the graph's are one table.
    return lambda *order: call.scope.tables.setdefault(call.name, HashTable(key_dtype, value_dtype))


@kind("InitializeTable", "InitializeTableV2", "LookupTableImport", "LookupTableImportV2")
def fill_table(call: Call) -> Function:
    def compute(table: HashTable, keys: Any, values: Any) -> HashTable:
        table.fill(keys, values)
        return table

    return compute


plain(
    {name: lambda table, keys, default: table.find(keys, default) for name in ("LookupTableFind", "LookupTableFindV2")}
)
plain(
    {
        name: lambda table: torch.tensor(len(table), dtype=torch.int32, device=backend.device())
        for name in ("LookupTableSize", "LookupTableSizeV2")
    }
)
