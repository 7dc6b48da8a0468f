import numpy as np
import pytest
import torch

from tests.layers._check import check_layer
from velveteen import layers
from velveteen.errors import ArgumentError, ShapeError

ELEMENTWISE = [layers.add, layers.multiply, layers.average, layers.maximum, layers.minimum]


@pytest.mark.parametrize("make", ELEMENTWISE)
@pytest.mark.parametrize(
    ("shapes", "output"),
    [
        ([(4, 3), (4, 3)], (4, 3)),
        ([(4, 3), (4, 3), (4, 3)], (4, 3)),
        ([(4, 3), (1, 3)], (4, 3)),
        ([(3,), (2, 4, 3)], (2, 4, 3)),
        ([(2, 4, 3), (4, 1)], (2, 4, 3)),
    ],
)
def test_elementwise(make, shapes, output):
    check_layer(make, *shapes, output_shape=output)


@pytest.mark.parametrize(
    ("make", "of_two", "of_three"),
    [
        (layers.add, [3, 6], [3, 7]),
        (layers.multiply, [2, -27], [0, -27]),
        (layers.average, [1.5, 3], [1, 7 / 3]),
        (layers.maximum, [2, 9], [2, 9]),
        (layers.minimum, [1, -3], [0, -3]),
    ],
)
def test_elementwise_values(make, of_two, of_three):
    values = [np.array([row]) for row in ([1.0, 9.0], [2.0, -3.0], [0.0, 1.0])]
    np.testing.assert_allclose(make().apply(values[:2]).numpy(), [of_two])
    np.testing.assert_allclose(make().apply(values).numpy(), [of_three], rtol=1e-6)


@pytest.mark.parametrize("make", [layers.maximum, layers.minimum])
def test_of_equal_values_the_first_gets_the_gradient(make):
    a, b = (torch.ones(1, 1, requires_grad=True) for _ in range(2))
    make()([a, b]).sum().backward()
    assert (a.grad.item(), b.grad.item()) == (1, 0)  # as TensorFlow.js; PyTorch's own would share it out


def test_open_sizes():
    merged = layers.add().apply([layers.input([None, 3]), layers.input([4, 3])])
    assert merged.shape == [None, None, 3]


@pytest.mark.parametrize(
    ("axis", "shapes", "output"),
    [
        (-1, [(4, 3), (4, 2)], (4, 5)),
        (1, [(4, 3), (2, 3)], (6, 3)),
        (-2, [(4, 3), (2, 3)], (6, 3)),
        (3, [(2, 4, 3), (2, 4, 1), (2, 4, 5)], (2, 4, 9)),
    ],
)
def test_concatenate(axis, shapes, output):
    check_layer(lambda: layers.concatenate(axis), *shapes, output_shape=output)


def test_concatenate_with_open_sizes():
    merged = layers.concatenate(1).apply([layers.input([None, 3]), layers.input([4, 3])])
    assert merged.shape == [None, None, 3]


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize(
    ("axes", "shapes", "output"),
    [
        (1, [(4,), (4,)], (1,)),
        (2, [(5, 4), (3, 4)], (5, 3)),
        (-1, [(5, 4), (3, 4)], (5, 3)),
        ([1, 2], [(4, 5), (3, 4)], (5, 3)),
        ([2, 1], [(5, 4), (4,)], (5,)),
        ([1, 1], [(4,), (4, 5)], (5,)),
    ],
)
def test_dot(axes, shapes, output, normalize):
    check_layer(lambda: layers.dot(axes, normalize=normalize), *shapes, output_shape=output)


def test_dot_values():
    a, b = np.array([[[3, 4], [0, 0]]]), np.array([[[1, 0]]])
    np.testing.assert_allclose(layers.dot(-1).apply([a, b]).numpy(), [[[3], [0]]])
    np.testing.assert_allclose(layers.dot(-1, normalize=True).apply([a, b]).numpy(), [[[0.6], [0]]], rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "shapes", "message"),
    [
        (
            layers.add,
            [(4, 3)],
            r'"m" merges a list of at least two tensors, but got 1 in a list. Write apply\(\[a, b\]\)',
        ),
        (layers.add, [(4, 3), (4, 2)], r"cannot bring examples of shape \[4, 3\] and \[4, 2\] together.*concatenate"),
        (layers.concatenate, [(4, 3), (5, 3)], r"along axis -1.*but they are \[null, 4, 3\] and \[null, 5, 3\]"),
        (lambda name: layers.concatenate(5, name=name), [(4, 3), (4, 3)], "along axis 5"),
        (lambda name: layers.dot(1, name=name), [(4, 3), (5, 3)], r"along the axes \[1, 1\].*sizes 4 and 5"),
        (lambda name: layers.dot(0, name=name), [(4,), (4,)], "not the batch"),
        (lambda name: layers.dot(1, name=name), [(4,), (4,), (4,)], "takes two tensors"),
    ],
)
def test_shapes_that_do_not_fit(make, shapes, message):
    with pytest.raises(ShapeError, match=message):
        make(name="m").apply([layers.input(shape) for shape in shapes])


def test_batches_of_different_sizes():
    with pytest.raises(ShapeError, match=r"batches of different sizes: \[2, 3\] and \[4, 3\]"):
        layers.add().apply([np.ones((2, 3)), np.ones((4, 3))])


def test_dot_takes_one_or_two_axes():
    with pytest.raises(ArgumentError, match="an integer or two"):
        layers.dot([1, 2, 3])


class TestMasks:
    a = torch.tensor([[True, True, False]])
    b = torch.tensor([[True, False, False]])
    x = torch.zeros(1, 3, 2)

    def test_all_must_be_there(self):
        assert layers.add().compute_mask([self.x, self.x], [self.a, self.b]).tolist() == self.b.tolist()
        assert layers.add().compute_mask([self.x, self.x], [None, self.a]).tolist() == self.a.tolist()
        assert layers.add().compute_mask([self.x, self.x], [None, None]) is None

    def test_concatenate_along_features_and_along_time(self):
        along_features = layers.concatenate().compute_mask([self.x, self.x], [self.a, None])
        assert along_features.tolist() == self.a.tolist()
        along_time = layers.concatenate(1).compute_mask([self.x, self.x], [self.a, self.b])
        assert along_time.tolist() == [[True, True, False, True, False, False]]

    def test_dot_has_none(self):
        assert layers.dot(1).compute_mask([self.x, self.x], [self.a, self.b]) is None
