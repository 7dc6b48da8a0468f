"""The summary: shapes, counts and the size in memory."""

import velveteen as vt

layers = vt.layers


def summary_of(model, **options):
    lines: list[str] = []
    model.summary(print_fn=lines.append, **options)
    return "\n".join(lines)


def test_shapes_parameters_and_memory():
    model = vt.sequential(
        [layers.dense(512, activation="relu", input_shape=[784], name="wide"), layers.dense(10, name="narrow")],
        name="digits",
    )
    text = summary_of(model)
    assert 'Model "digits" (Sequential)' in text
    assert "wide (Dense)" in text and "[null, 784]" in text and "[null, 512]" in text
    assert "401,920" in text and "5,130" in text
    assert "Total params: 407,050 (1.55 MB)" in text


def test_frozen_layers_are_counted_apart():
    model = vt.sequential([layers.dense(2, input_shape=[3], trainable=False), layers.dense(1)])
    text = summary_of(model)
    assert "Trainable params: 3\n" in text
    assert "Non-trainable params: 8" in text


def test_line_length_is_kept():
    model = vt.sequential([layers.dense(2, input_shape=[3], name="a_layer_with_quite_a_long_name")])
    assert max(map(len, summary_of(model, line_length=60).split("\n"))) <= 60


def test_unbuilt_layers_say_so():
    assert "not built" in summary_of(vt.sequential([layers.dense(2)]))


def test_without_a_terminal_the_table_is_plain_ascii(capsys):
    vt.sequential([layers.dense(2, input_shape=[3])]).summary()
    assert capsys.readouterr().out.isascii()
