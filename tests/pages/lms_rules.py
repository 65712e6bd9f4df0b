"""What Canvas and Moodle accept, written from the rules of their importers.

Canvas: lib/gradebook_importer.rb of instructure/canvas-lms; `Assignment.title_and_id` for the column of an assignment.
Any field of digits, points and commas is a number there: what stands before the last of these marks loses its own.
Moodle: grade/import/csv/classes/load_data.php and lib/csvlib.class.php of moodle/moodle.
"""

import csv
import io
import re
from dataclasses import dataclass

NOT_AN_ASSIGNMENT = re.compile(
    "Current Score|Current Points|Current Grade|Final Score|Final Points|Final Grade|Override Score|Override Grade"
    "|Override Status"
)
GRADE = re.compile(r"-?\d+(\.\d+)?%?|EX|ex|-|")


class Refused(Exception):
    """The importer would not take the file, or would take it for something else."""


@dataclass(frozen=True)
class CanvasStudent:
    """A student as Canvas knows one."""

    id: int
    login: str
    name: str
    sis_id: str = ""
    sortable_name: str = ""


def _as_number(field):
    """Return a field as Canvas reads it."""
    if not re.fullmatch(r"-?[0-9.,]+%?", field):
        return field
    *before, last = re.split("[,.]", field)
    return f"{''.join(before)}.{last}" if before else last


def canvas_import(text, students, assignments):
    """Read a file as Canvas does.

    Parameters
    ----------
    text : str
    students : list of CanvasStudent
    assignments : dict of int to str
        Titles of the assignments of the course, by their numbers.

    Returns
    -------
    grades : dict of int to dict
        By student's number and assignment's title.
    possible : dict of str to float
        The points of every assignment.
    """
    rows = [[_as_number(field) for field in row] for row in csv.reader(io.StringIO(text, newline=""), strict=True)]
    if len({len(row) for row in rows}) != 1:
        raise Refused("rows of unequal length")
    first_lines = text.splitlines()[:3]
    counts = {mark: {len(next(csv.reader([line], delimiter=mark))) for line in first_lines} for mark in (";", ",")}
    if len(counts[","]) != 1 or (len(counts[";"]) == 1 and max(counts[";"]) > max(counts[","])):
        raise Refused("the first three lines do not look separated by commas")
    head, *rest = rows
    start = _student_columns(head)
    columns = {}
    for place, name in enumerate(head[start:], start):
        if NOT_AN_ASSIGNMENT.search(name):
            raise Refused(f"{name!r} is no assignment")
        if head.index(name) != place:
            raise Refused(f"two columns are called {name!r}")
        found = re.fullmatch(r"(.*)\s\((\d+)\)", name)
        if found and int(found[2]) in assignments:
            columns[place] = assignments[int(found[2])]
        elif name in assignments.values():
            columns[place] = name
        else:
            raise Refused(f"Canvas would make a new assignment {found[1] if found else name!r}")
    if not columns:
        raise Refused("no assignment")
    grades, possible = {}, {}
    for row in rest:
        if "Points Possible" in row[0]:
            possible = {columns[place]: float(row[place]) for place in columns}
            continue
        if all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", field, re.IGNORECASE) for field in row):
            continue
        student = _canvas_student(row, head, students)
        if student.id in grades:
            raise Refused(f"two rows for {student.name}")
        for place in columns:
            if not GRADE.fullmatch(row[place].strip()):
                raise Refused(f"{row[place]!r} is no grade")
        grades[student.id] = {columns[place]: row[place].strip() for place in columns}
    return grades, possible


def _student_columns(head):
    """Return how many columns are about the student."""
    if len(head) < 4 or "Student" not in head[0] or "ID" not in head[1]:
        raise Refused("Invalid header row")
    count = 3
    if re.search(r"SIS\s+Login\s+ID", head[2]):
        count = 4
    elif re.search(r"SIS\s+User\s+ID", head[2]) and re.search(r"SIS\s+Login\s+ID", head[3]):
        count = 6 if re.search(r"Integration\s+ID", head[4]) else 5
    if "Section" not in head[count - 1]:
        raise Refused("Invalid header row")
    return count


def _canvas_student(row, head, students):
    number = re.match(r"\s*\d+", row[1])
    by_id = [student for student in students if number and student.id == int(number[0])]
    sis, login = row[head.index("SIS User ID")], row[head.index("SIS Login ID")]
    by_sis = [student for student in students if sis and student.sis_id == sis]
    by_login = [student for student in students if login and student.login == login]
    by_name = [student for student in students if row[0] in (student.name, student.sortable_name)]
    for found in (by_id, by_sis, by_login, by_name):
        if found:
            return found[0]
    raise Refused(f"Canvas knows nobody like {row[0]!r}")


def moodle_import(text, map_from, users, items, *, most=100):
    """Read a file as Moodle does, with every other column mapped onto the grade item of its name.

    Parameters
    ----------
    text : str
    map_from : str
        The header of the column that identifies.
    users : set of str
        What stands in that field of the users of the site.
    items : set of str
        Names of the grade items of the course.
    most : float
        The highest grade.

    Returns
    -------
    dict of str to dict
        By user and item: a number, or None, which takes away what there was.
    """
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    head = [name.strip() for name in rows[0]]
    if len(rows) < 2 or len(head) < 2:
        raise Refused("csvfewcolumns")
    if len(set(head)) != len(head) or map_from not in head:
        raise Refused("cannotmapfield")
    grades = {}
    for row in rows[1:]:
        if len(row) != len(head):
            raise Refused("csvweirdcolumns")
        values = dict(zip(head, (value.strip() for value in row), strict=True))
        user = values[map_from]
        if not user:  # the grade would go to the student of the line before
            raise Refused("a line that names nobody")
        if user not in users:
            raise Refused(f"usermappingerror: {user!r}")
        grades[user] = {}
        for name in items & set(head):
            value = values[name]
            if value in ("", "-"):
                grades[user][name] = None
                continue
            if not re.fullmatch(r"-?\d+(\.\d+)?", value):
                raise Refused(f"badgrade: {value!r}")
            if float(value) > most:
                raise Refused("gradevaluetoobig")
            grades[user][name] = float(value)
    if not items & set(head):
        raise Refused("no grade item")
    return grades
