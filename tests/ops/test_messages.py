"""Wrong calls are told the operator, what came and what to do."""

import pytest

import velveteen as vt
from velveteen.errors import VelveteenError


def z(*shape):
    return vt.zeros(list(shape))


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        ("add", [z(2), z(3)], r"shapes \[2\] and \[3\].*equal or 1.*expand_dims"),
        ("maximum", [z(2, 2), z(3)], r"shapes \[2, 2\] and \[3\].*equal or 1"),
        ("concat", [[z(2, 3), z(3, 2)]], r"shapes \[2, 3\] and \[3, 2\].*Reshape"),
        ("stack", [[z(2), z(3)]], r"shapes \[2\] and \[3\].*Reshape"),
        ("arg_max", [z(2), 3], r"Axis 3 does not exist .* \[2\].*from -1 to 0"),
        ("sum", [z(2, 2), -3], r"Axis -3 does not exist .*from -2 to 1"),
        ("mean", [z(2), 1], r"Axis 1 does not exist"),
        ("cumsum", [z(2), 2], r"Axis 2 does not exist"),
        ("mat_mul", [z(2, 3), z(2, 3)], r"inner dimensions.*transpose"),
        ("reshape", [z(3), [2]], r"3 values of shape \[3\] the shape \[2\]"),
        ("gather", [z(3), vt.tensor1d([5], dtype="int32")], r"indices from 0 to 2, got 5"),
        ("conv2d", [z(1, 3, 3, 2), z(2, 2, 3, 1), 1, "same"], r"2 channels.*filter.*equal to x's channels"),
        ("logical_and", [z(1), z(1)], r'bool for "a", but got float32.*cast\("bool"\)'),
        ("one_hot", [z(3), 3], r'int32 for "indices", but got float32.*cast\("int32"\)'),
        ("add", [vt.tensor(["a"]), z(1)], r'numbers for "a", but got strings'),
        ("add_n", [z(2)], r"list of tensors .*brackets"),
        ("split", [z(3), 2], r"3 into 2 equal parts"),
        ("slice", [z(3), [2], [5]], r"5 elements from 2 on"),
        ("transpose", [z(2, 3), [0, 0]], r"each of the 2 axes .* got \[0, 0\]"),
        ("tile", [z(3), [1, 2]], r"each dimension of \[3\], got \[1, 2\]"),
        ("topk", [z(3), 5], r"k from 0 to 3.* got 5"),
        ("squeeze", [z(3), [0]], r"dimension 0 of \[3\] has size 3"),
    ],
)
def test_wrong_calls(name, args, message):
    with pytest.raises(VelveteenError, match=rf"^{name}\(\).*{message}"):
        getattr(vt, name)(*args)
