"""What chapter 11 says, where neither PyTorch nor Keras is needed; and how its cells are skipped where they are."""

import ast
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

import unrolled

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = ROOT / "book" / "11-to-the-frameworks.ipynb"
FRAMEWORKS = {"torch", "keras"}


def cells():
    return [cell for cell in nbformat.read(CHAPTER, as_version=4).cells if cell.cell_type == "code"]


def needs(cell):
    """Return the packages that a cell's tags name."""
    tags = cell.metadata.get("tags", [])
    return {tag.removeprefix("needs-") for tag in tags if tag.startswith("needs-")}


def functions_of(*names):
    """Return functions of the chapter by name, with NumPy at hand."""
    found = {"np": np}
    for cell in cells():
        if "def " not in cell.source or cell.source.startswith("%"):
            continue
        defined = [node for node in ast.parse(cell.source).body if getattr(node, "name", "") in names]
        exec(compile(ast.Module(defined, []), cell.id, "exec"), found)
    return [found[name] for name in names]


# ---------------------------------------------------------------------------------------------- cells that are skipped


def names_in(source):
    code = "\n".join(line for line in source.splitlines() if not line.startswith("%"))
    return {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)} | {
        alias.name.partition(".")[0]
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Import)
        for alias in node.names
    }


def test_a_cell_says_of_every_framework_that_it_uses_that_it_needs_it():
    silent = [cell.id for cell in cells() if names_in(cell.source) & FRAMEWORKS - needs(cell)]
    assert silent == []


def stored_and_read(source):
    """Return the names that a cell stores, parameters and imports included, and those that it reads."""
    tree = ast.parse("\n".join(line for line in source.splitlines() if not line.startswith("%")))
    stored, read = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else stored).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.alias | ast.arg):
            stored.add(getattr(node, "asname", None) or getattr(node, "name", None) or node.arg)
    return stored, read


def test_a_cell_that_needs_no_framework_reads_nothing_that_only_such_a_cell_has_stored():
    made_there, made_elsewhere = set(), set()
    for cell in cells():
        stored, read = stored_and_read(cell.source)
        if needs(cell):
            made_there |= stored
        else:
            made_elsewhere |= stored
            assert read & made_there - made_elsewhere == set(), cell.id


def test_every_cell_has_its_stored_output_whether_it_is_skipped_elsewhere_or_not():
    prints = [cell for cell in cells() if "print(" in cell.source.replace("def agree", "") or "plt.show" in cell.source]
    assert [cell.id for cell in prints if not cell.outputs] == []
    assert sum(bool(needs(cell)) for cell in cells()) > 10


SMALL = """
import nbformat.v4 as v4, nbformat
cells = [v4.new_code_cell(source, metadata={"tags": tags}) for source, tags in
         (("import nowhere", ["needs-nowhere"]), ("import json", ["needs-json"]), ("1 / 0", []))]
nbformat.write(v4.new_notebook(cells=cells), "small.ipynb")
"""


@pytest.mark.slow
def test_nbval_skips_a_cell_whose_framework_is_missing_with_a_reason_and_runs_the_others(tmp_path):
    (tmp_path / "conftest.py").write_text((ROOT / "book" / "conftest.py").read_text())
    subprocess.run([sys.executable, "-c", SMALL], cwd=tmp_path, check=True)
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "--nbval-lax", "small.ipynb"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120).stdout
    assert "nowhere not installed; to run these cells: make frameworks" in said
    assert "1 failed, 1 passed, 1 skipped" in said


# ----------------------------------------------------------------------------------------------------------- the layers


@pytest.mark.parametrize("optimizer", [unrolled.SGD, unrolled.Adam])
def test_two_biases_of_which_only_the_sum_counts_move_twice_as_far_together(optimizer):
    one, two = {"b": np.array([0.3])}, {"b": np.array([0.1]), "bh": np.array([0.2])}
    single, double = optimizer(0.01), optimizer(0.01)
    gradient = np.array([0.7])
    single.step(one, {"b": gradient})
    double.step(two, {"b": gradient, "bh": gradient})
    assert two["b"] + two["bh"] - 0.3 == pytest.approx(2 * (one["b"] - 0.3), rel=1e-9)


def test_the_z_of_others_is_one_minus_ours_once_the_signs_of_its_block_are_flipped():
    (other,) = functions_of("gru_z_is_new")
    rng = np.random.default_rng(3)
    H = 4
    other.__globals__["H"] = H
    x, Wx, Wh, b = (rng.standard_normal(shape) for shape in ((9, 3), (3, 3 * H), (H, 3 * H), (3 * H,)))
    flip = np.repeat([1.0, -1.0, 1.0], H)
    own = unrolled.gru_forward(x[None], None, Wx, Wh, b)[0][0]
    np.testing.assert_allclose(other(x, Wx * flip, Wh * flip, b * flip), own, atol=1e-13)
    assert np.abs(other(x, Wx, Wh, b) - own).max() > 0.1


# ------------------------------------------------------------------------------------------------------------ attention


@pytest.mark.parametrize("causal", [False, True])
def test_the_weights_of_attention_are_shares_and_scores_that_are_all_larger_change_nothing(causal):
    (attend,) = functions_of("attend")
    for seed in range(10):
        rng = np.random.default_rng(seed)
        Q, K, V = (rng.standard_normal((7, size)) for size in (4, 4, 3))
        y, w = attend(Q, K, V, causal)
        np.testing.assert_allclose(w.sum(axis=1), 1, rtol=1e-14)
        assert w.min() >= 0
        assert np.all(y >= V.min(axis=0) - 1e-14)
        assert np.all(y <= V.max(axis=0) + 1e-14)
        larger, _ = attend(1000 * Q, K, V, causal)
        assert np.isfinite(larger).all()
        assert bool(np.triu(w, 1).any()) is not causal


def test_attention_has_no_order_unless_it_is_told_one():
    (attend,) = functions_of("attend")
    rng = np.random.default_rng(0)
    Q, K, V = (rng.standard_normal((6, size)) for size in (4, 4, 3))
    order = rng.permutation(6)
    np.testing.assert_allclose(attend(Q, K[order], V[order])[0], attend(Q, K, V)[0], atol=1e-14)


# -------------------------------------------------------------------------------------------------- linear recurrences


def test_the_scan_is_the_loop_in_as_many_rounds_as_the_logarithm_says():
    combine, linear_scan, linear_loop = functions_of("combine", "linear_scan", "linear_loop")
    linear_scan.__globals__["combine"] = combine
    for T in (1, 2, 3, 4, 5, 31, 32, 33, 4096):
        rng = np.random.default_rng(T)
        a, b = rng.uniform(-1, 1, (T, 2)), rng.standard_normal((T, 2))
        states, rounds = linear_scan(a, b)
        assert np.abs(states - linear_loop(a, b)).max() < 1e-12
        assert 2**rounds >= T > 2**rounds // 2


def test_merging_is_associative_and_not_commutative():
    (combine,) = functions_of("combine")
    rng = np.random.default_rng(0)
    p, q, r = (tuple(rng.standard_normal((2, 5))) for _ in range(3))
    np.testing.assert_allclose(combine(combine(p, q), r), combine(p, combine(q, r)), atol=1e-13)
    assert np.abs(combine(p, q)[1] - combine(q, p)[1]).max() > 0.1


def test_a_gru_that_does_not_hear_its_state_is_a_linear_recurrence_and_one_that_does_is_none():
    rng = np.random.default_rng(1)
    H = 3
    x, Wx, Wh, b = (rng.standard_normal(shape) for shape in ((1, 8, 2), (2, 3 * H), (H, 3 * H), (3 * H,)))
    start = rng.standard_normal((3, 1, H))

    def last(h0, recurrent):
        return unrolled.gru_forward(x, h0, Wx, recurrent, b)[0][:, -1]

    for recurrent, linear in ((0 * Wh, True), (Wh, False)):
        zero, one, two, both = (last(h0, recurrent) for h0 in (0 * start[0], start[0], start[1], start[0] + start[1]))
        bend = np.abs(both - one - two + zero).max()
        assert bool(bend < 1e-14) is linear
