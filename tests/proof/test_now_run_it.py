"""At the end of a problem set the learner's own functions train a network that writes; no grade depends on it."""

import contextlib
import io
import re
import time
from functools import cache
from typing import NamedTuple

import nbformat
import numpy as np
import pytest

import solutions
from autograder.grading.assignment import is_for_play
from unrolled.texts import plain_topics

EXERCISES = solutions.SOLUTIONS.parent / "exercises"
SECONDS = 10  # of the processor; most take about one
OF_A_MODEL = 20  # that writes, which takes about four


def cells_for_play(set_name):
    """Return the sources of the cells that are not run in grading."""
    return [cell.source for cell in solutions.notebook_of(set_name).cells if is_for_play(cell)]


class Played(NamedTuple):
    """What the cells for play print behind the true solution, all names before and after, and how long it takes."""

    printed: str
    before: dict
    namespace: dict
    seconds: float


@cache
def played(set_name):
    """Run the cells for play, once for all tests."""
    before = solutions.true_solution(set_name)
    namespace, printed, started = dict(before), io.StringIO(), time.process_time()
    with contextlib.redirect_stdout(printed):
        for source in cells_for_play(set_name):
            exec(compile(source, "<for play>", "exec"), namespace)
    return Played(printed.getvalue(), before, namespace, time.process_time() - started)


def texts(set_name):
    """Return what the cells for play print by the number of updates."""
    parts = re.split(r"^--- after (\d+) updates.*\n", played(set_name).printed, flags=re.MULTILINE)
    assert parts[0] == ""
    return dict(zip(map(int, parts[1::2]), map(str.strip, parts[2::2]), strict=True))


def known_share(text, original, length=4):
    """Return the share of a text's runs of a few letters that occur in the original."""
    runs = [text[start : start + length] for start in range(len(text) - length + 1)]
    return sum(run in original for run in runs) / len(runs)


def test_cells_for_play_are_free_and_stand_behind_the_last_question_that_gives_points(set_name):
    cells = solutions.notebook_of(set_name).cells
    for_play = [number for number, cell in enumerate(cells) if is_for_play(cell)]
    points = [cell.metadata.get("nbgrader", {}).get("points", 0) for cell in cells]
    assert len(for_play) >= 3
    assert sum(points[: min(for_play)]) == sum(points)
    assert all(cells[number].cell_type == "code" for number in for_play)
    assert all("nbgrader" not in cells[number].metadata for number in for_play)
    assert cells[min(for_play) - 1].source.startswith("## Now run it (no points)")


def test_they_leave_the_variables_of_the_questions_alone(set_name):
    _, before, after, _ = played(set_name)
    assert texts(set_name)
    assert [name for name, value in before.items() if after[name] is not value] == []


def test_they_take_a_few_seconds(set_name):
    assert played(set_name).seconds < (OF_A_MODEL if set_name == "ps8" else SECONDS)


def test_a_network_of_problem_set_1_finishes_all_words_but_the_one_that_its_window_cannot_tell():
    written = texts("ps1")
    assert list(written) == [0, 15, 300]
    words = played("ps1").namespace["words"]
    wrong = {
        updates: [word for word in words if f"{word[:3]}: {word}" not in text.splitlines()]
        for updates, text in written.items()
    }
    assert len(wrong[0]) == len(words)
    assert 1 < len(wrong[15]) < len(words)
    # Behind "ent" may come an r or a space: one of the two words goes wrong, and which one is chance.
    assert len(wrong[300]) == 1
    assert wrong[300][0] in ("entropy", "gradient")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        played("ps1").namespace["learn_words"](width=4)
    assert all(f"{word[:3]}: {word}" in printed.getvalue().split("--- after 300")[1].splitlines() for word in words)


def test_what_a_network_of_problem_set_2_writes_is_noise_at_first_and_the_verse_in_the_end():
    written = texts("ps2")
    assert list(written) == [0, 100, 1000]
    shares = [known_share(text, played("ps2").namespace["verse"]) for text in written.values()]
    assert shares[0] < 0.1
    assert 0.3 < shares[1] < shares[2] - 0.1
    assert shares[2] > 0.85


def test_a_network_of_problem_set_3_knows_no_line_at_first_and_all_by_heart_in_the_end():
    written = texts("ps3")
    lines = played("ps3").namespace["lines"]
    assert list(written) == [0, 100, 1000]
    assert sum(line in lines for line in written[0].splitlines()) == 0
    assert sum(line in lines for line in written[100].splitlines()) < 4
    assert written[1000].splitlines() == lines
    shares = [known_share(written[updates], "\n".join(lines), length=2) for updates in (0, 100)]
    assert shares[0] < shares[1] < 1


def test_of_the_networks_of_problem_set_4_one_learns_one_explodes_and_one_learns_nothing():
    printed = texts("ps4")
    assert list(printed) == [0, 100, 300]
    losses = {
        updates: {name: float(loss) for name, loss in (line.split(": ") for line in text.splitlines())}
        for updates, text in printed.items()
    }
    # Untrained, y does not know the sign, so the loss is 1 + y² in the mean over draws of Wy. Its entries have the mean
    # square 1 / H and every |h| < 1, so y² is at most 1 in that mean.
    assert all(0.7 < loss < 2 for loss in losses[0].values())
    assert losses[0]["start and clip"] == losses[0]["no clip"]  # before the first update the clip has done nothing
    assert losses[300]["start and clip"] < 0.05
    assert not losses[300]["no clip"] < 1e6  # it may be nan
    assert 0.7 < losses[300]["small start"] < 1.3


def test_an_lstm_of_problem_set_5_remembers_the_letter_that_a_plain_network_does_not():
    written = texts("ps5")
    assert list(written) == [0, 100, 200]
    shares = {
        updates: [int(share) for share in re.findall(r"network: [a-d]{40}  (\d+) % right", text)]
        for updates, text in written.items()
    }
    plain, lstm = zip(*shares.values(), strict=True)
    assert max(*plain, lstm[0]) < 45  # guessing is right in 25 of 100 cases
    assert lstm[-1] > 95


def test_only_the_network_of_problem_set_7_that_reads_both_ways_tags_a_word_whose_clue_comes_after_it():
    printed = texts("ps7")
    assert list(printed) == [0, 100, 300]
    for text in (printed[100], printed[300]):
        shares = {name: int(share) for name, share in re.findall(r"(.+): (\d+) % right", text)}
        assert list(shares) == ["one way", "one way, two layers", "both ways"]
        assert max(shares["one way"], shares["one way, two layers"]) < 80
        assert shares["both ways"] > 98
        tags = dict(re.findall(r"(.+): \d+ % right  (\w+)", text))
        assert tags.pop("both ways") == "DNVCDANV"
        assert "DNVCDANV" not in tags.values()


def test_of_two_networks_that_read_one_way_the_one_that_reads_from_the_end_can_tag_such_words(monkeypatch):
    namespace = played("ps7").namespace
    turn, batch = namespace["reverse_by_length"], namespace["batch"]

    def from_the_end(made):
        x, lengths, targets, faces = batch(made)
        return turn(x, lengths), lengths, turn(targets, lengths), turn(faces[..., None], lengths)[..., 0]

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        monkeypatch.setitem(namespace, "batch", from_the_end)
        namespace["learn_tags"]()
    shares = re.findall(r"one way: (\d+) % right  (\w+)", printed.getvalue())
    assert int(shares[-1][0]) > 98
    assert shares[-1][1] == "VNADCVND"


def test_what_a_model_of_problem_set_8_writes_is_noise_at_first_and_mostly_real_words_in_the_end():
    parts = re.split(r"^--- after (\d+) updates: perplexity (.+)\n", played("ps8").printed, flags=re.MULTILINE)[1:]
    assert parts[::3] == ["0", "100", "1000"]
    perplexities = [float(found) for found in parts[1::3]]
    assert perplexities[0] > 25 > 12 > perplexities[1] > 6 > 4.8 > perplexities[2]
    words = set(re.findall(r"[a-z]+", plain_topics()))
    shares = [np.mean([word in words for word in re.findall(r"[a-z]{3,}", text)]) for text in parts[2::3]]
    assert shares[0] < 0.2 < 0.6 < shares[2]
    assert shares[1] < shares[2]


def test_a_letter_of_problem_set_9_heals_with_the_functions_of_the_learner():
    printed = texts("ps9")
    assert list(printed) == [0, 16, 64]
    whole = played("ps9").namespace["letters"]["X"].replace(" ", "\n")
    wrong = {updates: sum(map(str.__ne__, text, whole)) for updates, text in printed.items()}
    assert {len(text) for text in printed.values()} == {len(whole)}
    assert wrong[0] == 16
    assert 0 < wrong[16] <= 16
    assert wrong[64] == 0


def numbers_of_questions(set_name):
    """Return the number of every question, by name, as the headings above the checks give it."""
    numbers, number = {}, None
    for cell in solutions.notebook_of(set_name).cells:
        if heading := re.match(r"## (\d)\. ", cell.source):
            number = int(heading.group(1))
        if match := re.match(r'check\("(\w+)"\)', cell.source):
            numbers[match.group(1)] = number
    return numbers


@pytest.mark.parametrize("state", ["stubs", "not run"])
def test_without_the_answers_the_last_cell_says_which_questions_to_answer_first(set_name, state):
    release = nbformat.read(EXERCISES / set_name / f"{set_name}.ipynb", as_version=4)
    namespace = {"__name__": "__main__"}
    for cell in release.cells:
        if cell.metadata.get("nbgrader", {}).get("solution") and state == "not run":
            continue
        if cell.metadata.get("nbgrader") and not cell.metadata.nbgrader.grade and cell.cell_type == "code":
            with contextlib.suppress(NotImplementedError), contextlib.redirect_stdout(io.StringIO()):
                exec(cell.source, namespace)
    *before, last = [cell.source for cell in release.cells if is_for_play(cell)]
    for source in before:
        exec(source, namespace)
    with pytest.raises(RuntimeError) as raised, contextlib.redirect_stdout(io.StringIO()):
        exec(last, namespace)
    said, answer = re.match(r"(This cell runs your .*): answer questions (.*) first\.", str(raised.value)).groups()
    asked = numbers_of_questions(set_name)
    needed = [word for word in re.findall(r"\w+", said) if word in asked]
    first, last = re.findall(r"\d", answer)[0], re.findall(r"\d", answer)[-1]
    numbers = range(int(first), int(last) + 1) if " to " in answer else map(int, re.findall(r"\d", answer))
    assert list(dict.fromkeys(asked[name] for name in needed)) == list(numbers)  # a question may ask for two functions
    assert "\n" not in str(raised.value)
    assert raised.value.__suppress_context__
