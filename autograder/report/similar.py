"""Pairs of answers that are the same program once names and comments are gone: a hint for a person, not a verdict.

Two students may well write the same line, and most of a short answer can be written in one way only. So what was handed
out does not count, lines of the true solution do not, what more than a few wrote does not, and neither does little.

Submissions are read and parsed in a process of its own with limits: one that is made to be slow costs itself alone.
"""

import ast
import builtins
import faulthandler
import json
import multiprocessing
import re
import resource
import signal
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from multiprocessing.connection import Connection
from pathlib import Path

from autograder.grading.assignment import Assignment, SourceCell
from autograder.grading.repair import MAX_NOTEBOOK_BYTES

SMALLEST = 30
"""Nodes of the syntax tree that two answers have to share beside what everybody writes: three or four lines."""
COMMON = 4
"""An answer that more students wrote than this is how one writes it."""
MOST_CHARACTERS = 20_000
MOST_PAIRS = 200
SECONDS, BYTES = 2.0, 1_000_000_000
"""For one submission."""
_SOLUTION = re.compile(r"^[ \t]*### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION[ \t]*$\n?", re.DOTALL | re.MULTILINE)
_MARKS = re.compile(r"^[ \t]*### (BEGIN|END) SOLUTION[ \t]*$\n?", re.MULTILINE)
_NAME, _NODE = re.compile(r"Name\(id='(\w+)'"), re.compile(r"\b(?!Load|Store)[A-Z]\w*\(")
_KEPT_NAMES = {*dir(builtins), "np", "numpy"}

Shapes = dict[str, tuple[str, int]]


@dataclass(frozen=True)
class SimilarPair:
    """Two students whose answers are the same program.

    Attributes
    ----------
    students : tuple of str
    questions : tuple of str
        The grade_ids of the answers that agree.
    nodes : int
        How much of it there is.
    """

    students: tuple[str, str]
    questions: tuple[str, ...]
    nodes: int


def similar_pairs(assignment: Assignment, notebooks: Mapping[str, Path]) -> list[SimilarPair]:
    """Return the pairs of students whose answers agree, those with the most in common first.

    Parameters
    ----------
    assignment : Assignment
    notebooks : mapping of str to Path
        The submissions, by student. Answers are found by their grade_id.
    """
    answers = [cell for cell in assignment.cells if not cell.locked and not cell.by_hand and cell.cell_type == "code"]
    by_shape: dict[tuple[str, str], list[str]] = defaultdict(list)
    sizes = {}
    for student, shapes in _shapes_of_all(answers, notebooks):
        for grade_id, (shape, size) in shapes.items():
            by_shape[grade_id, shape].append(student)
            sizes[grade_id, shape] = size
    shared: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for (grade_id, shape), students in by_shape.items():
        if len(students) <= COMMON:
            for pair in combinations(sorted(students), 2):
                shared[pair].append((grade_id, sizes[grade_id, shape]))
    pairs = [
        SimilarPair(pair, tuple(name for name, _ in found), sum(nodes for _, nodes in found))
        for pair, found in shared.items()
    ]
    return sorted(pairs, key=lambda pair: (-pair.nodes, pair.students))[:MOST_PAIRS]


def _shapes_of_all(answers: Sequence[SourceCell], notebooks: Mapping[str, Path]) -> Iterator[tuple[str, Shapes]]:
    """Yield the shapes of every student's answers; a submission that ends the process is passed over."""
    left = list(notebooks.items())
    while left:
        ours, theirs = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(target=_read_all, args=(answers, left, theirs), daemon=True)
        child.start()
        theirs.close()
        done = 0
        with suppress(EOFError), ours:
            while done < len(left):
                yield left[done][0], ours.recv()
                done += 1
        child.join()
        left = left[done + 1 :]


def _read_all(answers: Sequence[SourceCell], notebooks: Sequence[tuple[str, Path]], connection: Connection) -> None:
    """Send the shapes of one submission after the other. What takes too long ends the process."""
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.disable()  # the parser may crash on what it is given, and nobody has to see that
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)  # no handler in Python: it would wait for the parser
    for _, path in notebooks:
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        connection.send(_shapes(answers, _sources(path)))


def _sources(path: Path) -> dict[str, str]:
    """Return the sources of the cells that have a grade_id; nothing where the file is no notebook."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_NOTEBOOK_BYTES:
            return {}
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found = {}
        for cell in cells:
            source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
            with suppress(KeyError, TypeError):
                found[cell["metadata"]["nbgrader"]["grade_id"]] = source
        return found
    except (OSError, ValueError, KeyError, TypeError, RecursionError, MemoryError):
        return {}


def _shapes(answers: Sequence[SourceCell], sources: Mapping[str, str]) -> Shapes:
    shapes = {}
    for cell in answers:
        handed_out = set(_lines(_SOLUTION.sub("", cell.source)))
        solution = [line for line in _lines(_MARKS.sub("", cell.source)) if line not in handed_out]
        answer = [line for line in _lines(sources.get(cell.grade_id, "")) if line not in handed_out]
        usual = {_renamed([line]) for line in solution}
        size = sum(len(_NODE.findall(line)) for line in answer if _renamed([line]) not in usual)
        if size >= SMALLEST:
            shapes[cell.grade_id] = _renamed(answer), size
    return shapes


def _lines(source: str) -> list[str]:
    """Return the statements of a source as text: of those that hold others the head alone, and no docstrings."""
    if len(source) > MOST_CHARACTERS:
        return []
    try:
        return [ast.dump(line) for line in _heads(ast.parse(source).body)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _heads(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for line in body:
        blocks = [getattr(line, name, None) for name in ("body", "orelse", "finalbody")]
        for name, block in zip(("body", "orelse", "finalbody"), blocks, strict=True):
            if block:
                setattr(line, name, [])
        is_text = isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)
        if not is_text and not isinstance(line, ast.FunctionDef | ast.ClassDef):
            yield line
        for block in blocks:
            yield from _heads(block or [])


def _renamed(lines: Sequence[str]) -> str:
    """Return statements with names by the order in which they come; those of Python and NumPy stay what they are."""
    names: dict[str, str] = {}

    def number(found: re.Match) -> str:
        name = found[1] if found[1] in _KEPT_NAMES else names.setdefault(found[1], f"n{len(names)}")
        return f"Name(id='{name}'"

    return _NAME.sub(number, "\n".join(lines))
