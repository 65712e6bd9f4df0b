"""A problem set is complete: its table, its notebook and its proof belong together, and nothing in them is missing."""

import ast
import re

import numpy as np
import pytest

import solutions
from autograder.engine.equations import page_of
from autograder.engine.outputs import Signature
from autograder.sets import SETS, by_name

AT_LEAST_STYLES = 2


def missing(set_name: str) -> list[str]:
    """Return a sentence for everything that a problem set still needs."""
    said = []
    if not (solutions.SOLUTIONS / set_name / f"{set_name}.ipynb").is_file():
        said.append(f"solutions/{set_name}/{set_name}.ipynb is missing: the notebook with the true solution")
    if set_name not in SETS:
        said.append(f"autograder/sets/{set_name}.py is missing: the table of questions, called QUESTIONS")
    if not (solutions.HERE / "wrong" / f"{set_name}.py").is_file():
        said.append(f"tests/proof/wrong/{set_name}.py is missing: wrong solutions, with what a learner has to be told")
    if len(solutions.styles(set_name)) < AT_LEAST_STYLES:
        said.append(
            f"tests/proof/right/{set_name}_*.py: {len(solutions.styles(set_name))} right solutions in another style;"
            f" expected {AT_LEAST_STYLES} at least"
        )
    return said


def undemanded(set_name: str) -> list[str]:
    """Return a sentence for every mistake that no wrong solution of a set has to be told."""
    table = SETS.get(set_name, ())
    demanded = {
        name
        for question in table
        for wrong in solutions.wrong_solutions(set_name, question.name)
        for name in wrong.demand.split(" + ")
    }
    members: dict[str, list[str]] = {}
    for question in table:
        for known in question.mistakes:
            members.setdefault(known.origin, []).append(known.name)
    return [
        f"tests/proof/wrong/{set_name}.py: no wrong solution has to be told {' or '.join(dict.fromkeys(names))}"
        for names in members.values()
        if not demanded & set(names)
    ]


def test_a_set_has_a_notebook_a_table_wrong_solutions_and_right_ones_in_other_styles(set_name):
    assert missing(set_name) == []


def test_every_mistake_of_a_set_is_demanded_by_a_wrong_solution_of_it(set_name):
    assert undemanded(set_name) == []


def test_every_name_that_is_demanded_is_that_of_a_mistake(set_name, question):
    known = {known.name for known in question.mistakes} | {"outputs_permuted", "answer_kept", "own_generator", ""}
    demands = [wrong.demand for wrong in solutions.wrong_solutions(set_name, question.name)]
    names = {name for demand in demands if not demand.startswith("says: ") for name in demand.split(" + ")}
    assert sorted(names - known) == []


def test_a_set_without_its_proof_is_told_what_is_missing(monkeypatch):
    monkeypatch.setitem(SETS, "ps99", SETS["ps3"])
    assert [sentence.split(" is missing")[0].split(":")[0] for sentence in missing("ps99")] == [
        "solutions/ps99/ps99.ipynb",
        "tests/proof/wrong/ps99.py",
        "tests/proof/right/ps99_*.py",
    ]
    assert "tests/proof/wrong/ps99.py: no wrong solution has to be told square_missing" in undemanded("ps99")
    monkeypatch.delitem(SETS, "ps3")
    assert missing("ps3") == ["autograder/sets/ps3.py is missing: the table of questions, called QUESTIONS"]


def test_two_questions_of_the_same_name_are_refused():
    with pytest.raises(ValueError, match="ps9 and ps3 both have a question 'rnn_step_backward'; rename one of them"):
        by_name({"ps3": SETS["ps3"], "ps9": SETS["ps3"][:1]})


def test_the_notebook_calls_every_check_of_the_table_once_and_no_other(set_name):
    assert sorted(solutions.checks_of(set_name)) == sorted(question.name for question in SETS[set_name])


def test_every_equation_that_a_message_may_point_to_is_on_a_page_of_the_book(question):
    assert [label for label in sorted(question.equations) if page_of(label) is None] == []


def test_the_notebook_states_every_equation_that_a_message_may_point_to(set_name):
    text = "\n".join(cell.source for cell in solutions.notebook_of(set_name).cells if cell.cell_type == "markdown")
    labels = {label for question in SETS[set_name] for label in question.equations}
    assert [label for label in sorted(labels) if f"`{label}`" not in text] == []


def test_the_functions_of_the_notebook_have_the_signatures_of_the_table(set_name, function):
    texts = [function.text, *filter(None, (getattr(function, "forward", ""), getattr(function, "slopes_of", "")))]
    for signature in map(Signature.parse, texts):
        tree = solutions.function_source(set_name, signature.name)
        (defined,) = [node for node in tree.body if getattr(node, "name", "") == signature.name]
        assert [argument.arg for argument in defined.args.args] == list(signature.arguments), signature.name
        documented = re.findall(r"^    (\w+) : ", ast.get_docstring(defined).partition("Returns")[2], re.MULTILINE)
        documented = documented or re.findall(
            r"^(\w+) : ", ast.get_docstring(defined).partition("Returns")[2], re.MULTILINE
        )
        if documented:
            assert documented == list(signature.outputs), signature.name


def test_a_measurement_is_made_on_the_network_of_the_notebook_and_its_near_misses_are_wrong(set_name, measurement):
    notebook, measured = solutions.true_solution(set_name), measurement.measured
    network = measured.network()
    theirs = notebook[measured.in_notebook]() if measured.in_notebook else [notebook[name] for name in network]
    for (name, ours), their in zip(network.items(), theirs, strict=True):
        np.testing.assert_array_equal(their, ours, err_msg=name)
    assert notebook[measurement.name] == measured.right()
    answers = [answer for answer, _ in measured.near_misses().values()]
    assert measured.right() not in answers
    assert len(set(answers)) == len(answers)


def test_every_sentence_is_a_whole_one_and_none_tells_the_line_to_write(question):
    sentences = [known.sentence for known in question.mistakes]
    assert [sentence for sentence in sentences if not sentence.endswith((".", "?"))] == []
    assert [sentence for sentence in sentences if re.search(r"@|\.T\b|\*\*|axis=", sentence)] == []


def test_the_terms_without_a_mistake_give_what_the_layers_of_the_course_give(function):
    calculation = function.calculation
    for seed in range(5):
        rng = np.random.default_rng(seed)
        for case in ((), *(case.options.items() for case in calculation.cases)):
            problem = calculation.draw(rng, **dict(case))
            right, in_terms = function.compare(problem), function.evaluate(problem, {})
            for name in right:
                scale = np.abs(right[name]).max(initial=0.0)
                np.testing.assert_allclose(in_terms[name], right[name], rtol=1e-7, atol=1e-12 * scale, err_msg=name)
