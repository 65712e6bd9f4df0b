"""What lies in the folder of submissions, also where it does not belong: nobody's work is passed over in silence."""

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from autograder.grading.repair import files_below
from autograder.grading.submission import Submission


def find_submissions(submitted: Path, name: str) -> list[Submission]:
    """Return what stands at submitted/STUDENT/PS, by student."""
    found = [Submission(folder.parent.name, folder) for folder in submitted.glob(f"*/{name}")]
    return sorted(found, key=lambda submission: submission.student)


def find_borrowed(submissions: Sequence[Submission], source: Path) -> dict[str, str]:
    """Return the submissions that are not a student's own files but links to other ones: why not, by student.

    A symbolic link leads from a student's folder to another one. A hard link makes one file stand at two places: it is
    theirs to whom the folder belongs as the file does, and else theirs whose folder did not change any more.

    Parameters
    ----------
    submissions : sequence of Submission
        All of an assignment.
    source : Path
        The instructor's notebook.
    """
    borrowed, same = {}, defaultdict(list)
    for submission in submissions:
        file = submission.folder / source.name
        if submission.folder.parent.is_symlink():
            borrowed[submission.student] = "its folder is a symbolic link to another one; submit plain files."
            continue
        with suppress(OSError):
            found, folder = file.lstat(), submission.folder.lstat()
            if found.st_nlink > 1:
                theirs = found.st_uid == folder.st_uid
                same[found.st_dev, found.st_ino].append((not theirs, folder.st_ctime_ns, submission.student))
    ours = source.stat()
    for place, holders in same.items():
        holders.sort()
        given = place == (ours.st_dev, ours.st_ino)
        owner = "the course's own notebook" if given else f"the notebook of {holders[0][2]}"
        for _, _, student in holders if given else holders[1:]:
            borrowed[student] = f"its notebook is {owner} under another name (a hard link); submit a file of one's own."
    return borrowed


def find_misplaced(submitted: Path, name: str, names: Sequence[str]) -> dict[str, str]:
    """Return what seems to be handed in for an assignment and stands in the wrong place.

    Parameters
    ----------
    submitted : Path
        The folder of submissions.
    name : str
        The assignment.
    names : sequence of str
        All assignments of the course.

    Returns
    -------
    dict of str to str
        By student, or by the name of a notebook of which nobody knows whose it is: one sentence.
    """
    place = f"submitted/STUDENT/{name}/{name}.ipynb"
    misplaced = {}
    for entry in _entries(submitted):
        if entry.is_file():
            if entry.suffix == ".ipynb" and _may_be(entry.stem, name, names):
                misplaced[entry.name] = (
                    f"it lies in submitted itself, and nobody knows whose it is; move it to {place}."
                )
        elif _is_called(entry.name, name) and any(_notebooks(entry)):
            misplaced[entry.name] = (
                f"a folder of this name stands where a student's belongs; what is in it goes to {place}."
            )
        elif reason := _misplaced_of(entry, name, names):
            misplaced[entry.name] = reason
    return misplaced


def _misplaced_of(student: Path, name: str, names: Sequence[str]) -> str:
    entries = _entries(student)
    there = any(entry.name == name for entry in entries)
    ignored, goal = " and was not looked at" if there else "", f"{name}/{name}.ipynb"
    for entry in entries:
        if entry.name == name:
            continue
        if entry.is_dir():
            if _is_called(entry.name, name) and any(_notebooks(entry)):
                return f"its folder {entry.name} is not called {name}{ignored}; what is to be graded goes to {goal}."
        elif entry.suffix == ".ipynb" and (
            _is_called(entry.stem, name) or (not there and _may_be(entry.stem, name, names))
        ):
            return f"its notebook {entry.name} lies outside of the folder {name}{ignored}; move it to {goal}."
    return ""


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and not path.is_symlink())
    except OSError:
        return []


def _notebooks(folder: Path) -> Iterator[os.DirEntry]:
    return (entry for entry in files_below(folder) if entry.name.endswith(".ipynb"))


def _may_be(stem: str, name: str, names: Sequence[str]) -> bool:
    """Whether a notebook's name is that of the assignment, or that of none at all."""
    return _is_called(stem, name) or not any(_is_called(stem, other) for other in names)


def _is_called(text: str, name: str) -> bool:
    """Whether a name holds that of an assignment: PS3, ps_03 and "ps3 (1)" do hold ps3, ps31 does not."""
    parts = re.fullmatch(r"(\D*?)0*(\d+)", name)
    wanted = rf"{re.escape(parts[1])}[\s_.-]*0*{parts[2]}" if parts else re.escape(name)
    return re.search(rf"(?<![^\W_]){wanted}(?![^\W_])", text, re.IGNORECASE) is not None
