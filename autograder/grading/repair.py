"""Bring a submitted notebook back into a form that can be graded, whatever an editor or a student did to it.

Cells may have been duplicated, deleted, moved, retyped or stripped of their metadata; locked cells may have been
edited. The student's own code is never changed, and every repair is told. In text cells, HTML and links become text.
"""

import errno
import json
import os
import re
import signal
import stat
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.grading.assignment import NOW_RUN_IT, Assignment, SourceCell, check_name

MAX_NOTEBOOK_BYTES = 20_000_000
MAX_CELLS = 2_000
MAX_VALUES = 200_000
"""Of the lists and dicts, and what is in them, that the JSON of a notebook holds: read, each takes up to a kilobyte."""
MAX_READING_SECONDS = 10.0
"""Processor time for the reading and the repair of one notebook. A usual one takes a fiftieth of a second."""
MAX_FILES_SEEN = 10_000
"""Of the files beside a notebook, which nobody opens, so many are looked at."""
_HALF_CHARACTERS = re.compile(r"[\ud800-\udfff]")  # JSON may hold them; no file or database takes them

_TAG, _LINK = re.compile(r"<(?=[a-zA-Z/!?])"), re.compile(r"\](?=[(:])")


_DEFINITION = re.compile(r"(?:async +)?(?:def|class) +(\w+)")
_NAME, _ANNOTATION = re.compile(r"[^\W\d]\w*"), re.compile(r"[\w.\[\], |]+")
# Of JSON; what is no text any more, up to the end. It gives nothing back, so that each character is looked at once.
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)', re.DOTALL)


class UnreadableSubmission(Exception):
    """A submission that cannot be graded. The message says why, for the instructor and the student."""


def read_submission(folder: Path, name: str) -> NotebookNode:
    """Read the notebook `name`.ipynb of a submission as data, following no links.

    Raises
    ------
    UnreadableSubmission
        When there is no such notebook, it is not JSON, not a notebook or too large, or the folder holds a link.
    """
    return parse_submission(read_notebook_file(folder, name), name)


def parse_submission(content: bytes, name: str) -> NotebookNode:
    """Return the notebook that a file of the name `name`.ipynb holds, as data.

    Raises
    ------
    UnreadableSubmission
        When it is not JSON, not a notebook, or holds too much.
    """
    if _values(content) > MAX_VALUES:
        raise UnreadableSubmission(f"{name}.ipynb holds more than {MAX_VALUES:,} values; clear its outputs")
    try:
        text = content.decode("utf-8")
        _refuse_many_cells(text, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of ids that stand twice, one by one; all get new ones
            notebook = nbformat.reads(text, as_version=4)
        if not isinstance(notebook.cells, list):
            raise ValueError("cells is not a list")
        return nbformat.from_dict({**notebook, "cells": [_plain_cell(cell) for cell in notebook.cells]})
    except UnreadableSubmission:
        raise
    except nbformat.reader.NotJSONError:
        raise UnreadableSubmission(f"{name}.ipynb is not JSON; it was cut off on the way, or is another file") from None
    except RecursionError:
        raise UnreadableSubmission(f"{name}.ipynb is not a notebook: its JSON is nested too deeply") from None
    except Exception as error:  # nbformat raises many kinds on damaged notebooks
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise UnreadableSubmission(f"{name}.ipynb is not a readable notebook: {reason}") from None


def _values(content: bytes) -> int:
    """Return how many values JSON holds, at most: counted before it is parsed, for a parser makes all of them."""

    def count(text: bytes) -> int:
        return sum(map(text.count, (b"[", b"{", b",")))

    many = count(content)
    return many if many <= MAX_VALUES else count(_TEXT.sub(b"", content))


def _refuse_many_cells(text: str, name: str) -> None:
    try:
        parsed = json.loads(text)
    except ValueError:
        return  # it is nbformat that says what this is
    if not isinstance(parsed, dict):
        return
    sheets = parsed.get("worksheets")
    lists = [parsed, *(sheets if isinstance(sheets, list) else [])]
    cells = [len(held) for sheet in lists if isinstance(sheet, dict) and isinstance(held := sheet.get("cells"), list)]
    if sum(cells) > MAX_CELLS:
        raise UnreadableSubmission(f"{name}.ipynb has {sum(cells):,} cells; up to {MAX_CELLS:,} are graded")


@contextmanager
def reading_takes_at_most(seconds: float = MAX_READING_SECONDS) -> Iterator[None]:
    """Stop what is done inside once it has taken so much processor time, and call the submission unreadable.

    Whatever it is that a notebook makes slow, it costs its author alone. A thread that is not the main one, which no
    signal can stop, is let go on.

    Raises
    ------
    UnreadableSubmission
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise UnreadableSubmission(
            f"reading it was stopped after {seconds:g} s of the grader's time; submit a notebook as Jupyter saves it"
        )

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def files_below(folder: Path) -> Iterator[os.DirEntry]:
    """Yield what lies in a folder and below it, following no links, up to `MAX_FILES_SEEN`.

    Unlike `Path.rglob` it takes any depth.
    """
    waiting, left = [str(folder)], MAX_FILES_SEEN
    while waiting and left:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in islice(entries, left):
                left -= 1
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)


def read_notebook_file(folder: Path, name: str) -> bytes:
    """Return the content of the notebook of a submission.

    Raises
    ------
    UnreadableSubmission
        As `refuse_unsafe_files` does, and when it cannot be read.
    """
    refuse_unsafe_files(folder, name)
    try:
        return read_regular_file(folder / f"{name}.ipynb", MAX_NOTEBOOK_BYTES)
    except OSError as error:
        raise UnreadableSubmission(f"{name}.ipynb cannot be read: {error.strerror}") from None


def read_regular_file(path: Path | str, most: int, *, within: int | None = None) -> bytes:
    """Return the content of a file that is a file, not a link or a pipe, and not larger than `most` bytes.

    Parameters
    ----------
    path : Path or str
    most : int
    within : int, optional
        The descriptor of the folder that the path is relative to.

    Raises
    ------
    OSError
        Whose `strerror` says what it is instead.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=within)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a file")
    with open(descriptor, "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most} bytes")
    return content


def refuse_unsafe_files(folder: Path, name: str) -> None:
    """Refuse a submission whose notebook is missing or too large to open, or that holds a link.

    Raises
    ------
    UnreadableSubmission
    """
    below = list(files_below(folder))
    links = sorted(os.path.relpath(entry.path, folder) for entry in below if entry.is_symlink())
    if folder.is_symlink() or links:
        raise UnreadableSubmission(f"it holds a symbolic link ({', '.join(links) or folder.name}); submit plain files")
    path = folder / f"{name}.ipynb"
    if not folder.is_dir():
        raise UnreadableSubmission(f"{name} is not a folder; put the notebook into a folder {name}")
    if path.is_dir():
        inside = sorted(f"{name}.ipynb/{other.name}" for other in path.glob("*.ipynb"))
        raise UnreadableSubmission(
            f"{name}.ipynb is a folder, not a notebook" + (f" (in it: {', '.join(inside)})" if inside else "")
        )
    if not path.is_file():
        inside = (os.path.relpath(entry.path, folder) for entry in below if entry.name == path.name)
        deeper = sorted(place for place in inside if place != path.name)
        if deeper:
            raise UnreadableSubmission(
                f"its notebook lies too deep, at {name}/{deeper[0]}; move it to {name}/{name}.ipynb"
            )
        others = ", ".join(sorted(other.name for other in folder.glob("*.ipynb"))) or "none"
        raise UnreadableSubmission(f"there is no notebook {name}.ipynb in it (notebooks there: {others})")
    if path.stat().st_size > MAX_NOTEBOOK_BYTES:
        raise UnreadableSubmission(
            f"{name}.ipynb is larger than {MAX_NOTEBOOK_BYTES // 1_000_000} MB; clear its outputs"
        )


def repair(notebook: NotebookNode, assignment: Assignment) -> tuple[NotebookNode, list[str]]:
    """Return a notebook in which every cell of the assignment stands once, and what had to be done to it.

    Parameters
    ----------
    notebook : NotebookNode
        The submission. It is not changed.
    assignment : Assignment

    Returns
    -------
    notebook : NotebookNode
    remarks : list of str
        One sentence for every repair that the student or the instructor should know of.
    """
    cells = [_plain_cell(cell) for cell in notebook.cells]
    claims, remarks = _claim(cells, assignment)
    for number, cell in enumerate(cells):
        source_cell = claims.get(number)
        if source_cell is None:
            cell.metadata.pop("nbgrader", None)
            if cell.source.strip() in assignment.now_run_it:
                cell.metadata["tags"] = [NOW_RUN_IT]
            continue
        cell.metadata.pop("tags", None)
        if source_cell.locked and (cell.source != source_cell.source or cell.cell_type != source_cell.cell_type):
            remarks.append(f"The locked cell {_called(source_cell, assignment)} was changed; it was set back.")
        _become(cell, source_cell)
    for number, cell in enumerate(cells):
        if cell.cell_type != "code" and not (number in claims and claims[number].locked):
            cell.source = _without_html(cell.source)
    _insert_missing(cells, claims, assignment, remarks)
    repaired = nbformat.v4.new_notebook(metadata=_plain_metadata(notebook), cells=cells)
    _give_distinct_ids(repaired.cells)
    return repaired, remarks


def _plain_cell(cell: NotebookNode) -> NotebookNode:
    """Return a copy of a cell with the parts that grading reads, of the types it expects, and no outputs."""
    kind = cell.get("cell_type") if cell.get("cell_type") in ("code", "markdown", "raw") else "raw"
    source = cell.get("source", "")
    source = "".join(str(part) for part in source) if isinstance(source, list) else str(source)
    source = _HALF_CHARACTERS.sub("\ufffd", source)
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    plain = make.get(kind, nbformat.v4.new_raw_cell)(source=source)
    if isinstance(nbgrader, dict) and isinstance(nbgrader.get("grade_id"), str):
        plain.metadata["nbgrader"] = nbformat.from_dict(dict(nbgrader))
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    if isinstance(tags, list) and NOW_RUN_IT in tags:
        plain.metadata["tags"] = [NOW_RUN_IT]
    return plain


def _plain_metadata(notebook: NotebookNode) -> dict:
    return {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def _without_html(text: str) -> str:
    """Return Markdown in which tags and links are text: formgrader shows it to somebody who may grade."""
    return _LINK.sub("]\u200b", _TAG.sub("&lt;", text))


def _claim(cells: list[NotebookNode], assignment: Assignment) -> tuple[dict[int, SourceCell], list[str]]:
    """Decide which cell of the submission is which cell of the assignment."""
    claims: dict[int, SourceCell] = {}
    remarks: list[str] = []
    for source_cell in assignment.cells:
        bearers = [
            number
            for number, cell in enumerate(cells)
            if cell.metadata.get("nbgrader", {}).get("grade_id") == source_cell.grade_id
        ]
        if len(bearers) > 1:
            name = _called(source_cell, assignment)
            remarks.append(f"The cell {name} stands {len(bearers)} times; all copies were run, in their order.")
        if bearers:
            claims[_best(bearers, cells, source_cell)] = source_cell
    stripped = []
    for source_cell in assignment.cells:
        if source_cell in claims.values():
            continue
        found = _same_purpose(cells, claims, source_cell, assignment)
        if found is not None:
            claims[found] = source_cell
            stripped.append(_called(source_cell, assignment))
    if len(stripped) == 1:
        remarks.append(f"The cell {stripped[0]} had lost its metadata; it was found by its content.")
    elif stripped:
        remarks.append(f"{len(stripped)} cells had lost their metadata; they were found by their content.")
    return claims, remarks


def _called(source_cell: SourceCell, assignment: Assignment) -> str:
    """Return what a cell is called by what a student sees of it: its check, what it defines, or how it begins."""
    if source_cell.check is not None:
        return f'check("{source_cell.check}")'
    defined = _defined(source_cell.source)
    names = defined & {cell.check for cell in assignment.graded_cells}
    if names or "def " in source_cell.source:
        return " and ".join(sorted(names or defined))
    if source_cell.by_hand and source_cell.heading:
        return f'under "{source_cell.heading}"'
    return f'that begins "{first_line(source_cell.source)}"'


def first_line(source: str) -> str:
    """Return the first line of a cell that is not empty, cut to what can be said in a sentence."""
    line = next((line.strip() for line in source.splitlines() if line.strip()), "")
    return line if len(line) <= 40 else f"{line[:40].rstrip()}…"


def which_assignment(notebook: NotebookNode, assignment: Assignment, others: Iterable[Assignment]) -> str:
    """Return what a notebook is when it is not that of an assignment: a sentence, or nothing when it is.

    Parameters
    ----------
    notebook : NotebookNode
        The submission.
    assignment : Assignment
    others : iterable of Assignment
        The other ones of the course; looked at only if nothing of `assignment` is there.
    """
    if _holds(notebook, assignment):
        return ""
    best = max(others, key=lambda other: _holds(notebook, other), default=None)
    if best is not None and _holds(notebook, best):
        return f"this is not {assignment.title}, but {best.title}: the notebook of {best.name} was handed in"
    names = {cell.check for cell in assignment.graded_cells}
    if any(names & _defined(cell.source) for cell in notebook.cells if cell.cell_type == "code"):
        return ""
    return f"this is not {assignment.title}: none of its questions is in the notebook"


def _holds(notebook: NotebookNode, assignment: Assignment) -> int:
    """Return how many of the graded cells of an assignment are in a notebook, by their metadata or their check."""
    wanted = {cell.grade_id: cell.question for cell in (*assignment.graded_cells, *assignment.written_cells)}
    checks = set(wanted.values())
    found = {wanted.get(cell.metadata.get("nbgrader", {}).get("grade_id")) for cell in notebook.cells}
    found |= {name for cell in notebook.cells if (name := check_name(cell.source)) in checks}
    return len(found - {None})


def _best(bearers: list[int], cells: list[NotebookNode], source_cell: SourceCell) -> int:
    """Return which of several copies is the cell: the first that is untouched if it is locked, else the last."""
    if source_cell.locked:
        return next((number for number in bearers if cells[number].source == source_cell.source), bearers[0])
    return bearers[-1]


def _same_purpose(
    cells: list[NotebookNode], claims: dict[int, SourceCell], source_cell: SourceCell, assignment: Assignment
) -> int | None:
    free = [number for number in range(len(cells)) if number not in claims]
    if source_cell.by_hand:
        matches = [
            number
            for number in free
            if number and source_cell.follows.strip() == cells[number - 1].source.strip() != ""
        ]
    elif source_cell.locked:
        matches = [
            number
            for number in free
            if cells[number].source.strip() == source_cell.source.strip()
            or (source_cell.check is not None and check_name(cells[number].source) == source_cell.check)
        ]
    else:
        names = _defined(source_cell.source)
        names = names & {cell.check for cell in assignment.graded_cells} or names
        matches = [
            number
            for number in free
            if cells[number].cell_type == "code" and names and names <= _defined(cells[number].source)
        ]
    return matches[-1] if matches else None


def _defined(source: str) -> set[str]:
    """Return the names that lines at the left edge of a cell define. The cell is not parsed; see `check_name`."""
    names = set()
    for line in source.splitlines():
        if defined := _DEFINITION.match(line):
            names.add(defined[1])
        else:
            names |= _assigned(line)
    return names


def _assigned(line: str) -> set[str]:
    """Return the names that a line such as ``a, b = …`` or ``n: int = …`` assigns.

    Not by one pattern for all of it: of a line of blanks such a pattern tries every way to divide them.
    """
    left, equals, right = line.partition("=")
    targets, colon, annotation = left.partition(":")
    names = targets.rstrip().split(",")
    if not equals or right.startswith("=") or line[:1].isspace() or (colon and not _ANNOTATION.fullmatch(annotation)):
        return set()
    found = [name.strip(" ") for name in names]
    return set(found) if all(map(_NAME.fullmatch, found)) else set()


def _become(cell: NotebookNode, source_cell: SourceCell) -> None:
    cell.metadata["nbgrader"] = nbformat.from_dict(dict(source_cell.metadata))
    if cell.cell_type != source_cell.cell_type:
        cell.cell_type = source_cell.cell_type
        if source_cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
        else:
            cell.pop("outputs", None)
            cell.pop("execution_count", None)
    if source_cell.locked:
        cell.source = source_cell.source


def _insert_missing(
    cells: list[NotebookNode], claims: dict[int, SourceCell], assignment: Assignment, remarks: list[str]
) -> None:
    """Put every cell that was deleted behind the cell it follows in the assignment; a solution comes back empty."""
    place = {source_cell.grade_id: cells[number] for number, source_cell in claims.items()}
    before: NotebookNode | None = None
    for source_cell in assignment.cells:
        if source_cell.grade_id not in place:
            make = nbformat.v4.new_code_cell if source_cell.cell_type == "code" else nbformat.v4.new_markdown_cell
            empty = "# This cell was missing." if source_cell.cell_type == "code" else "This cell was missing."
            missing = make(source=source_cell.source if source_cell.locked else empty)
            missing.metadata["nbgrader"] = nbformat.from_dict(dict(source_cell.metadata))
            position = 0 if before is None else next(i for i, cell in enumerate(cells) if cell is before) + 1
            cells.insert(position, missing)
            place[source_cell.grade_id] = missing
            if source_cell.locked:
                remarks.append(f"The cell {_called(source_cell, assignment)} was missing; it was put back.")
            else:
                remarks.append(f"The answer cell {_called(source_cell, assignment)} is missing.")
        before = place[source_cell.grade_id]


def _give_distinct_ids(cells: Iterable[NotebookNode]) -> None:
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
