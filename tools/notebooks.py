"""Keep the committed notebooks in one form: ``normalize`` them, or ``execute`` a chapter and normalize it.

A notebook in normal form has readable cell ids that do not change from run to run, execution counts from 1 (in
problem sets, none), no timestamps, not even in figures, no traces of the editor that saved it, and the JSON layout of
nbformat. Problem sets, under ``solutions/``, carry no outputs. So a diff shows what an author changed and nothing else.
"""

import copy
import json
import re
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import click
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent

NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}
KEPT_NOTEBOOK_METADATA = {"mystnb"}
KEPT_CELL_METADATA = {"deletable", "editable", "mystnb", "nbgrader", "tags"}

SVG_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)

LONGEST_ID = 48
VALID_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
# What Jupyter and nbformat invent: eight hexadecimal digits, or a UUID with or without its dashes.
RANDOM_ID = re.compile(r"[0-9a-f]{8}|[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class NotebookError(click.ClickException):
    """A notebook that cannot be brought into normal form; the message names the file and what to do."""


def normalized(notebook: NotebookNode, *, outputs: bool) -> NotebookNode:
    """Return a copy of a notebook in normal form.

    Parameters
    ----------
    notebook : NotebookNode
        In nbformat 4, of any minor version.
    outputs : bool
        Whether the cells keep their outputs.

    Returns
    -------
    NotebookNode
        In nbformat 4.5. Applying the function again changes nothing.

    Raises
    ------
    ValueError
        If two cells have the same nbgrader ``grade_id``.
    """
    result = copy.deepcopy(notebook)
    result.nbformat, result.nbformat_minor = 4, 5
    kept = {key: value for key, value in result.metadata.items() if key in KEPT_NOTEBOOK_METADATA}
    result.metadata = nbformat.from_dict({**kept, **NOTEBOOK_METADATA})
    numbers = count(1)
    for cell, identifier in zip(result.cells, _cell_ids(result.cells), strict=True):
        cell.id = identifier
        cell.source = "".join(cell.source)
        cell.metadata = nbformat.from_dict(
            {key: value for key, value in cell.metadata.items() if key in KEPT_CELL_METADATA and value != []}
        )
        if cell.cell_type == "code":
            # nbval takes a cell with outputs and no count for one that was never run: chapters count their cells.
            cell.execution_count = next(numbers) if outputs else None
            cell.outputs = _normalized_outputs(cell.get("outputs", []), cell.execution_count) if outputs else []
    return result


def _normalized_outputs(outputs: list[NotebookNode], number: int) -> list[NotebookNode]:
    """Give the outputs their cell's count and join the pieces in which a stream happened to arrive."""
    result: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "execute_result":
            output.execution_count = number
        if output.output_type == "stream":
            output.text = "".join(output.text)
            if result and result[-1].output_type == "stream" and result[-1].name == output.name:
                result[-1].text += output.text
                continue
        if "image/svg+xml" in output.get("data", {}):
            drawing = "".join(output.data["image/svg+xml"])
            output.data["image/svg+xml"] = SVG_METADATA.sub("", drawing)  # the date of the drawing, above all
        result.append(output)
    return result


def _cell_ids(cells: list[NotebookNode]) -> list[str]:
    """Choose an id for every cell: its grade_id, else its own if sensible, else one made from its content."""
    graded = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in cells]
    named = [name for name in graded if name]
    for name in named:
        if named.count(name) > 1:
            raise ValueError(f"two cells have the nbgrader id {name!r}; give one of them another grade_id")
        if not VALID_ID.fullmatch(name):
            raise ValueError(
                f"the nbgrader id {name!r} is no valid cell id; use up to 64 letters, digits, hyphens, or _"
            )
    taken = set(named)
    chosen: list[str | None] = list(graded)
    for position, cell in enumerate(cells):
        present = cell.get("id", "")
        if not chosen[position] and _is_sensible(present) and present not in taken:
            chosen[position] = present
            taken.add(present)
    for position, cell in enumerate(cells):
        if not chosen[position]:
            chosen[position] = _free(_id_from_content(cell) or f"cell-{position + 1}", taken)
            taken.add(chosen[position])
    return chosen


def _is_sensible(identifier: str) -> bool:
    return bool(VALID_ID.fullmatch(identifier)) and not RANDOM_ID.fullmatch(identifier)


def _id_from_content(cell: NotebookNode) -> str:
    """Make an id from a heading or the first words of a text, from a function or the first line of code."""
    source = "".join(cell.source)
    if cell.cell_type == "code":
        defined = re.search(r"^(?:def|class)\s+(\w+)", source, re.MULTILINE)
        lines = [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith(("#", "%"))]
        first = defined.group(1) if defined else (lines or [""])[0]
    else:
        lines = [line for line in source.splitlines() if re.match(r"[^\W_]|#", line)]
        heading = re.search(r"^#+ +(.+)$", source, re.MULTILINE)
        first = heading.group(1) if heading else (lines or [""])[0]
    slug = re.sub(r"[^a-z0-9]+", "-", first.lower()).strip("-")
    if len(slug) > LONGEST_ID:
        slug = slug[: LONGEST_ID + 1].rpartition("-")[0] or slug[:LONGEST_ID]
    return f"{slug}-x" if RANDOM_ID.fullmatch(slug) else slug


def _free(identifier: str, taken: set[str]) -> str:
    candidate, number = identifier, 1
    while candidate in taken:
        number += 1
        candidate = f"{identifier}-{number}"
    return candidate


def differences(before: NotebookNode, after: NotebookNode) -> Iterator[str]:
    """Say in which respects a notebook is not in normal form, one short sentence each.

    Parameters
    ----------
    before, after : NotebookNode
        The notebook as it is and its normal form; they have the same number of cells.

    Yields
    ------
    str
    """
    if (before.get("nbformat"), before.get("nbformat_minor")) != (after.nbformat, after.nbformat_minor):
        yield f"nbformat is {before.get('nbformat')}.{before.get('nbformat_minor')}, expected 4.5"
    yield from _metadata_differences("the notebook", before.metadata, after.metadata)
    for position, (old, new) in enumerate(zip(before.cells, after.cells, strict=True), start=1):
        cell = f"cell {position} ({new.id})"
        if old.get("id") != new.id:
            yield f"{cell}: the id is {old.get('id')!r}, expected {new.id!r}"
        yield from _metadata_differences(cell, old.metadata, new.metadata)
        if old.get("execution_count") != new.get("execution_count"):
            expected = new.execution_count or "none"
            yield f"{cell}: the execution count is {old.get('execution_count') or 'none'}, expected {expected}"
        old_outputs, new_outputs = old.get("outputs", []), new.get("outputs", [])
        if old_outputs and not new_outputs:
            yield f"{cell}: it has outputs, and a problem set carries none"
        elif any(output.get("execution_count", new.execution_count) != new.execution_count for output in old_outputs):
            yield f"{cell}: an output has another execution count than its cell"
        elif len(old_outputs) != len(new_outputs):
            yield f"{cell}: one stream is stored in several pieces"
        elif any(SVG_METADATA.search("".join(o.get("data", {}).get("image/svg+xml", ""))) for o in old_outputs):
            yield f"{cell}: a figure carries the date on which it was drawn"


def _metadata_differences(owner: str, before: dict, after: dict) -> Iterator[str]:
    superfluous = sorted(set(before) - set(after))
    if superfluous:
        yield f"{owner}: metadata that does not belong here: {', '.join(superfluous)}"
    changed = sorted(key for key in after if before.get(key) != after[key])
    if changed:
        yield f"{owner}: metadata not in normal form: {', '.join(changed)}"


def read(path: Path) -> NotebookNode:
    """Read a notebook of nbformat 4 as it is, without the repairs that nbformat makes silently.

    Raises
    ------
    NotebookError
        If the file cannot be read or is not a notebook of nbformat 4.
    """
    try:
        text = path.read_text(encoding="utf-8")
        version = json.loads(text)["nbformat"]
        if version != 4:
            raise NotebookError(f"{path}: nbformat {version}; save it from JupyterLab to get nbformat 4.5")
        notebook = nbformat.v4.reads(text)
    except OSError as error:
        raise NotebookError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotebookError(f"{path}: not a Jupyter notebook ({type(error).__name__}: {error})") from error
    return notebook


def normal_form(notebook: NotebookNode, path: Path) -> tuple[NotebookNode, str]:
    """Return the normal form of the notebook that belongs at a path, and its text.

    Raises
    ------
    NotebookError
        If it has no normal form, or would not be a valid notebook.
    """
    try:
        result = normalized(notebook, outputs="solutions" not in path.resolve().parts)
        nbformat.validate(result)
    except (ValueError, nbformat.ValidationError) as error:
        raise NotebookError(f"{path}: {str(error).splitlines()[0]}") from error
    return result, nbformat.writes(result).rstrip("\n") + "\n"


def default_paths() -> list[Path]:
    """Return the chapters and the instructor's problem sets, in order."""
    folders = ("book", "book/folklore", "book/uses", "solutions/**")
    found = [path for folder in folders for path in ROOT.glob(f"{folder}/*.ipynb")]
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


@click.group()
def main() -> None:
    """Keep the notebooks of the course in one form."""


@main.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a notebook is not in normal form.")
def normalize(paths: tuple[Path, ...], check: bool) -> None:
    """Bring notebooks into normal form: those at PATHS, or all chapters and solutions."""
    chosen = list(paths) or default_paths()
    changed = 0
    for path in chosen:
        before = read(path)
        after, text = normal_form(before, path)
        if path.read_text(encoding="utf-8") == text:
            continue
        changed += 1
        click.echo(f"{_shown(path)}: {'not in normal form' if check else 'normalized'}")
        for difference in list(differences(before, after)) or ["the JSON is not laid out as nbformat does it"]:
            click.echo(f"  {difference}")
        if not check:
            path.write_text(text, encoding="utf-8", newline="\n")
    click.echo(f"{len(chosen)} notebooks, {changed} {'to normalize' if check else 'changed'}")
    if check and changed:
        click.echo("To normalize them: python tools/notebooks.py normalize")
        sys.exit(1)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--timeout", default=600, show_default=True, help="Seconds a single cell may take.")
def execute(paths: tuple[Path, ...], timeout: int) -> None:
    """Run the notebooks at PATHS from top to bottom, store their outputs and normalize them.

    A notebook in which a cell fails stays as it was.
    """
    for path in paths:
        notebook, _ = normal_form(read(path), path)
        click.echo(f"{_shown(path)}: running {len(notebook.cells)} cells")
        client = NotebookClient(
            notebook,
            timeout=timeout,
            kernel_name="python3",
            record_timing=False,
            resources={"metadata": {"path": str(path.resolve().parent)}},
        )
        try:
            client.execute()
        except (CellExecutionError, CellTimeoutError) as error:
            raise NotebookError(f"{path}: a cell failed, the file is left as it was.\n{error}") from error
        _, text = normal_form(notebook, path)
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
