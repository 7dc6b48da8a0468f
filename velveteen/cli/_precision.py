"""The option of the precision in which a training computes."""

from enum import StrEnum


class Precision(StrEnum):
    """What the layers compute in."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
