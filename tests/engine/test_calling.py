"""Calling a student's functions: what goes in, what comes out, and what is said when it goes wrong."""

import linecache
import re

import numpy as np
import pytest

import autograder
from autograder.engine.calling import MAX_TEXT, Caller, Opaque, Seeded
from autograder.engine.student import CheckFailed, FunctionRaised, NotAnswered, Student


def call(function, **arguments):
    """Call a function as a check does, under the name f."""
    return Student.of_namespace({"f": function}).call("f", **arguments)


def test_arguments_go_by_position_so_that_parameters_may_be_renamed():
    assert call(lambda left, right: left - right, a=3.0, b=1.0) == 2.0


def test_a_function_gets_copies_and_its_result_is_copied_too():
    given, kept = np.ones(3), np.zeros(3)
    seen = []

    def f(a):
        seen.append(a)
        return kept

    result = call(f, a=given)
    kept += 1
    assert seen[0] is not given
    np.testing.assert_array_equal(result, np.zeros(3))


def test_an_argument_changed_in_place_is_refused_by_name():
    def f(a, b):
        b += 1
        return a

    with pytest.raises(CheckFailed, match="f changes its argument b in place") as caught:
        call(f, a=np.ones(2), b=np.ones(2))
    assert caught.value.tensors == ("b",)


def test_an_argument_changed_through_a_view_or_in_shape_is_refused_too():
    def through_view(a):
        rows = a.reshape(-1)
        rows[0] = 5

    def in_shape(a):
        a.shape = (4,)

    for f in (through_view, in_shape):
        with pytest.raises(CheckFailed, match="changes its argument a in place"):
            call(f, a=np.ones((2, 2)))


def test_an_argument_that_holds_nan_and_stays_as_it_was_is_not_called_changed():
    assert call(lambda a: 1.0, a=np.array([np.nan, 1.0])) == 1.0


def test_a_cache_stays_with_the_student_and_comes_back_as_the_very_same_object():
    caches = []

    def forward(x):
        caches.append({"x": x})
        return x, caches[-1]

    student = Student.of_namespace({"forward": forward, "backward": lambda cache: float(cache is caches[-1])})
    _, cache = student.call("forward", x=np.ones(2))
    assert isinstance(cache, Opaque)
    assert student.call("backward", cache=cache) == 1.0


def test_a_cache_cannot_be_used_after_it_was_forgotten():
    caller = Caller({"forward": lambda: object(), "backward": lambda cache: 1.0})
    cache = caller.answer({"op": "call", "name": "forward", "arguments": {}})["result"]
    caller.answer({"op": "forget"})
    with pytest.raises(IndexError):
        caller.answer({"op": "call", "name": "backward", "arguments": {"cache": cache}})


@pytest.mark.parametrize(
    ("value", "type_"),
    [(np.float64(2.5), float), (np.int64(3), int), (np.bool_(True), bool), (7, int), (2.5, float), (None, type(None))],
)
def test_plain_numbers_cross_as_python_numbers(value, type_):
    result = call(lambda: value)
    assert type(result) is type_
    assert result == value


@pytest.mark.parametrize("value", [{"a": 1}, {1, 2}, object(), np.array([None]), np.array(["text"]), print])
def test_what_is_neither_number_nor_array_stays_opaque(value):
    assert isinstance(call(lambda: value), Opaque)


def test_a_subclass_of_an_array_crosses_as_a_plain_array():
    class Sly(np.ndarray):
        def __array_finalize__(self, other):
            self.secret = 1

    assert type(call(lambda: np.ones(2).view(Sly))) is np.ndarray


def test_a_long_text_is_cut():
    assert len(call(lambda: "x" * 10 * MAX_TEXT)) == MAX_TEXT


def cell(source, name="<cell>"):
    """Run a cell as a notebook does, so that its lines can be shown, and return its namespace."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    namespace = {"np": np}
    exec(compile(source, name, "exec"), namespace)
    return namespace


def test_an_exception_is_told_with_its_line_its_function_and_the_shapes_that_came():
    namespace = cell("def helper(a, b):\n    return a @ b\n\ndef f(a, b):\n    c = helper(a, b)\n    return c\n")
    with pytest.raises(CheckFailed) as caught:
        Student.of_namespace(namespace).call("f", a=np.ones((2, 3)), b=np.ones((2, 3)))
    first, where, shapes = str(caught.value).splitlines()
    assert first.startswith("f raised ValueError: matmul")
    assert where == "In helper, line 2: return a @ b"
    assert shapes == "It was called with a (2, 3), b (2, 3)."


@pytest.mark.parametrize(
    ("namespace", "message"),
    [
        ({}, "There is no f in this notebook"),
        ({"f": 3}, "f is an int, not a function"),
    ],
)
def test_a_function_that_is_not_there_is_told_apart_from_one_that_is_wrong(namespace, message):
    with pytest.raises(CheckFailed, match=message):
        Student.of_namespace(namespace).call("f")


STUBS = {
    "the raise alone": ("def f(a):\n    raise NotImplementedError\n", "f is still the stub"),
    "a docstring before it": (
        'def f(a):\n    """Do it.\n\n    Well.\n    """\n    raise NotImplementedError\n',
        "the stub",
    ),
    "lines above it": (
        "def f(a):\n    b = a + 1\n    raise NotImplementedError\n    return b\n",
        "`raise NotImplementedError` still stands in f, in line 3 of its cell",
    ),
    "in a function that it calls": (
        "def g(a):\n    raise NotImplementedError\n\ndef f(a):\n    b = 2 * a\n    return g(b)\n",
        "g is still the stub",
    ),
}


@pytest.mark.parametrize("kind", STUBS)
def test_a_stub_is_told_apart_from_lines_with_the_raise_left_below_them(kind):
    source, message = STUBS[kind]
    with pytest.raises(NotAnswered, match=re.escape(message)):
        Student.of_namespace(cell(source)).call("f", a=1.0)


def test_a_variable_that_was_never_assigned_is_told_so():
    with pytest.raises(NotAnswered, match="There is no variable answer in this notebook"):
        Student.of_namespace({}).value("answer")


def test_a_notebook_shows_the_message_without_our_stack():
    assert CheckFailed("one\ntwo")._render_traceback_() == ["one", "two"]


def test_check_reads_the_functions_of_the_notebook_that_calls_it(capsys):
    namespace = {"check": autograder.check, "faded_steps": 15}
    exec('check("faded_steps")', namespace)
    assert capsys.readouterr().out == "faded_steps: right. Your measurement is what the check measures.\n"


def test_a_check_that_does_not_exist_names_those_that_do():
    with pytest.raises(CheckFailed, match=r"There is no check named 'rnn_backwards'\. There are: .*rnn_backward,"):
        autograder.check("rnn_backwards")


def test_a_list_of_many_items_stays_with_its_maker():
    # Hundreds of thousands of them would keep a grader busy; no question has more than a handful of outputs.
    assert type(call(lambda: [1.0] * 64)) is tuple
    assert type(call(lambda: [1.0] * 65)) is Opaque


class Step:
    """A cache of a class of the student's own."""

    def __init__(self, h_prev, h_t):
        self.h_prev, self.h_t = h_prev, h_t


FORMS = {
    "an object": Step,
    "a dict": lambda h_prev, h_t: {"h_t": h_t, "h_prev": h_prev},
    "a tuple": lambda h_prev, h_t: (h_prev, h_t),
}


def parts_of(cache, steps):
    """Return what a check can read of a cache, by the fields h_prev and h_t."""
    student = Student.of_namespace({"forward": lambda: (1.0, cache)})
    return student.parts(student.call("forward")[1], ["h_prev", "h_t"], steps)


@pytest.mark.parametrize("form", FORMS)
def test_the_parts_of_a_cache_are_read_by_name_or_by_place(form):
    entries, h_prev, h_t = parts_of(FORMS[form](np.zeros(2), np.ones(2)), steps=False)
    assert entries is None
    np.testing.assert_array_equal(h_prev, np.zeros(2))
    np.testing.assert_array_equal(h_t, np.ones(2))


@pytest.mark.parametrize("form", FORMS)
def test_the_parts_of_a_list_of_caches_are_stacked(form):
    entries, h_prev, h_t = parts_of([FORMS[form](t * np.ones(2), (t + 1) * np.ones(2)) for t in range(3)], steps=True)
    assert entries == 3
    np.testing.assert_array_equal(h_prev[:, 0], [0, 1, 2])
    np.testing.assert_array_equal(h_t[:, 0], [1, 2, 3])


class Raises:
    """A cache that cannot be asked anything."""

    def __getattr__(self, name):
        raise RuntimeError(name)


@pytest.mark.parametrize(
    ("cache", "steps", "entries"),
    [
        ("a text", False, None),
        (None, False, None),
        (np.ones(3), False, None),
        ({"h_prev": [1, 2]}, False, None),
        (Raises(), False, None),
        ((np.ones(2), np.ones(2), np.ones(2)), False, None),
        ({"h_prev": 1}, True, None),
        ([], True, 0),
        ([{"h_prev": np.ones(2)}, {"h_prev": np.ones(3)}], True, 2),
    ],
    ids=range(9),
)
def test_what_cannot_be_read_of_a_cache_is_none(cache, steps, entries):
    assert parts_of(cache, steps) == (entries, None, None)


def test_a_dict_of_arrays_arrives_as_a_copy_of_itself():
    given = {"Wx": np.ones((2, 3)), "b": np.zeros(3)}
    seen = []
    call(lambda grads: seen.append(grads), grads=given)
    assert seen[0] is not given
    assert seen[0].keys() == given.keys()
    assert all(seen[0][name] is not given[name] for name in given)
    np.testing.assert_array_equal(seen[0]["Wx"], given["Wx"])


def test_a_dict_that_is_changed_is_refused_whether_in_its_arrays_or_in_its_entries():
    def in_an_array(grads):
        grads["b"] *= 2

    def by_another_array(grads):
        grads["b"] = 2 * grads["b"]

    def by_something_else(grads):
        grads["b"] = None

    def by_a_new_entry(grads):
        grads["c"] = grads["b"]

    def by_leaving_one_out(grads):
        del grads["b"]

    for f in (in_an_array, by_another_array, by_something_else, by_a_new_entry, by_leaving_one_out):
        with pytest.raises(CheckFailed, match="f changes its argument grads in place"):
            call(f, grads={"Wx": np.ones((2, 3)), "b": np.ones(3)})
    call(lambda grads: None, grads={"Wx": np.ones((2, 3)), "b": np.ones(3)})


def test_a_seeded_argument_is_a_new_generator_in_every_call():
    def draw(rng):
        return rng.standard_normal(3)

    first, second = call(draw, rng=Seeded(7)), call(draw, rng=Seeded(7))
    np.testing.assert_array_equal(first, np.random.default_rng(7).standard_normal(3))
    np.testing.assert_array_equal(second, first)
    assert call(lambda rng: isinstance(rng, np.random.Generator), rng=Seeded(7)) is True


# --------------------------------------------------------------------------------------------------------- many calls


def test_many_calls_give_what_each_alone_gives_in_their_order():
    student = Student.of_namespace({"f": lambda a, b: (a @ b, float(a.sum()))})
    each = [{"a": np.full((2, 2), float(n)), "b": np.eye(2)} for n in range(150)]
    for arguments, came in zip(each, student.call_each("f", each), strict=True):
        alone = student.call("f", **arguments)
        np.testing.assert_array_equal(came[0], alone[0])
        assert came[1] == alone[1]


def test_the_first_of_many_calls_that_fails_is_told_with_its_own_arguments_and_no_other_is_made():
    made = []

    def f(a):
        made.append(len(a))
        if len(a) == 3:
            raise ValueError("three")
        return a

    with pytest.raises(FunctionRaised, match=r"three(.|\n)*called with a \(3,\)"):
        Student.of_namespace({"f": f}).call_each("f", [{"a": np.ones(n)} for n in (1, 2, 3, 4)])
    assert made == [1, 2, 3]


def test_an_argument_that_is_changed_in_one_of_many_calls_is_told():
    def f(a):
        if a[0] == 2:
            a += 1
        return 1.0

    with pytest.raises(CheckFailed, match="f changes its argument a in place"):
        Student.of_namespace({"f": f}).call_each("f", [{"a": np.full(2, n)} for n in (1.0, 2.0)])


def test_of_many_calls_no_cache_is_kept():
    caller = Caller({"f": lambda a: (a, object())})
    caller.answer({"op": "calls", "name": "f", "each": [{"a": np.ones(1)}] * 5})
    assert caller.answer({"op": "call", "name": "f", "arguments": {"a": np.ones(1)}})["result"][1] == Opaque(0)
