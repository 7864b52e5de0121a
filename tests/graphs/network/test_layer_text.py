"""Layer graphs as text: what is read, what is written, what is refused."""

import pytest

from neurenorm.graphs.network.layer_text import layer_graph
from neurenorm.graphs.network.layer_writing import dot

TEXTS = (
    "mlp(tanh, 2)",
    "gru(2)",
    "lstm(1, end=average)",
    "cnn(relu, 2, (4, 4), boundary=zero, end=average)",
    "transformer(gelu, 1, 3, causal=true)",
    "z = input(width=1/2); add(z, dense(map(relu, z), sw2, width=1/2), strengths=(1, 1/sqrt(3)))",
    "x = input((4,)); h = heads(max_pool(dense(x), (2,)), scale=2, sov2=1/2); "
    "dense(global_average(add(h, positions_of(h, sp2=1/3))), label=V)",
    "x = input(); y = dense(x, label=W, width=2); "
    "dense(dropout(norm(dense(map(tanh, y), label=V)), 4/5), width=3/2)",
)


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_written_is_read_back(text):
    net = layer_graph(text)
    again = layer_graph(net.text())
    assert again.text() == layer_graph(again.text()).text()
    assert [again.graph.nodes[n]["op"] for n in again.order()] == [
        net.graph.nodes[n]["op"] for n in net.order()
    ]
    assert dot(net).count("->") == net.graph.number_of_edges()


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "has 1 to 400 statements"),
        ("mlp(relu)", "missing a required argument: depth"),
        ("mlp(relu, 100000)", "an integer in a layer graph is at most 500"),
        ("x = input((500, 500)); dense(x)", "at most 4096 positions"),
        ("x = input(); y = dense(z)", "there is no signal z before it is used"),
        ("x = input(); dense(x, sw3=2)", "unexpected keyword argument sw3"),
        ("x = input(); x.clear()", "is no signal: give a name or a call"),
        ("x = input(); __import__('os')", "there is no operation __import__"),
        ("import os", "a statement is name = operation"),
        ("x = input(); map(tanh, x)", "put a dense layer behind an input"),
        ("x = input(); dense(*x)", "without stars"),
        ("x = input(); y = dense(x); z = dense(x)", "ends in 2 signals"),
        ("dense(" * 60 + "input()" + ")" * 60, "nested more than 30 deep"),
        ("x = = 3", "cannot read the layer graph"),
        ("x = input(); map(a*b, dense(x), dense(x))", "several by name"),
    ],
)
def test_refused_in_one_line(text, words):
    with pytest.raises(ValueError, match=words) as refusal:
        layer_graph(text)
    assert "\n" not in str(refusal.value)
