"""Bring a submitted notebook back into a form that can be graded, whatever an editor or a student did to it.

Cells may have been duplicated, deleted, moved, retyped or stripped of their metadata; locked cells may have been
edited. The student's own code is never changed, and every repair is told. In text cells, HTML and links become text.
"""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.grading.assignment import NOW_RUN_IT, Assignment, SourceCell, check_name

MAX_NOTEBOOK_BYTES = 20_000_000
_HALF_CHARACTERS = re.compile(r"[\ud800-\udfff]")  # JSON may hold them; no file or database takes them

_TAG, _LINK = re.compile(r"<(?=[a-zA-Z/!?])"), re.compile(r"\](?=[(:])")


class UnreadableSubmission(Exception):
    """A submission that cannot be graded. The message says why, for the instructor and the student."""


def read_submission(folder: Path, name: str) -> NotebookNode:
    """Read the notebook `name`.ipynb of a submission as data, following no links.

    Raises
    ------
    UnreadableSubmission
        When there is no such notebook, it is not JSON, not a notebook or too large, or the folder holds a link.
    """
    refuse_unsafe_files(folder, name)
    path = folder / f"{name}.ipynb"
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        if not isinstance(notebook.cells, list):
            raise ValueError("cells is not a list")
        return nbformat.from_dict({**notebook, "cells": [_plain_cell(cell) for cell in notebook.cells]})
    except nbformat.reader.NotJSONError:
        raise UnreadableSubmission(f"{name}.ipynb is not JSON; it was cut off on the way, or is another file") from None
    except RecursionError:
        raise UnreadableSubmission(f"{name}.ipynb is not a notebook: its JSON is nested too deeply") from None
    except Exception as error:  # nbformat raises many kinds on damaged notebooks
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise UnreadableSubmission(f"{name}.ipynb is not a readable notebook: {reason}") from None


def refuse_unsafe_files(folder: Path, name: str) -> None:
    """Refuse a submission whose notebook is missing or too large to open, or that holds a link.

    Raises
    ------
    UnreadableSubmission
    """
    links = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink())
    if folder.is_symlink() or links:
        raise UnreadableSubmission(f"it holds a symbolic link ({', '.join(links) or folder.name}); submit plain files")
    path = folder / f"{name}.ipynb"
    if not path.is_file():
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
            remarks.append(f"The locked cell {source_cell.grade_id} was changed; it was set back.")
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
            remarks.append(
                f"The cell {source_cell.grade_id} stands {len(bearers)} times; all copies were run, in their order."
            )
        if bearers:
            claims[_best(bearers, cells, source_cell)] = source_cell
    stripped = []
    for source_cell in assignment.cells:
        if source_cell in claims.values():
            continue
        found = _same_purpose(cells, claims, source_cell, assignment)
        if found is not None:
            claims[found] = source_cell
            stripped.append(source_cell.grade_id)
    if len(stripped) == 1:
        remarks.append(f"The cell {stripped[0]} had lost its metadata; it was found by its content.")
    elif stripped:
        remarks.append(f"{len(stripped)} cells had lost their metadata; they were found by their content.")
    return claims, remarks


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
    """Return the names that a cell's top level defines."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            names |= {
                part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
    return names


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
                remarks.append(f"The cell {source_cell.grade_id} was missing; it was put back.")
            else:
                remarks.append(f"The answer cell {source_cell.grade_id} is missing.")
        before = place[source_cell.grade_id]


def _give_distinct_ids(cells: Iterable[NotebookNode]) -> None:
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
