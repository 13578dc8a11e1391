"""Functions of Theano's symbolic variables, which test_theano.py has a worker of the Theano stack call."""

import theano.tensor as tt


def double_the_first(x, y):
    del y
    return 2 * x


def a_constant(x):
    return tt.ones((2,), dtype=x.dtype)


def an_output_of_another(x):
    double = 2 * x
    return double, (3 * double).sum()


def itself(x):
    return x, x


def by_name(x):
    return {"b": 3 * x, "a": 2 * x}


def a_tenth(x):
    return 0.1 * x


def keeps_an_axis(x):
    return x.sum(axis=1, keepdims=True)


def the_first_column(x):
    return x[:, :1]


def columns(x, *, count):
    return x[:, :count]


def raises(x):
    raise ValueError(f"no layer for {x.ndim} axes")


def seven_numbers(x):
    return x.reshape((7,))


def rows(x, index):
    return x[index]
