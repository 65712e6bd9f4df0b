"""All that a gradebook holds, in a form in which two can be compared: ids are told by what they name."""

import sqlite3
from contextlib import closing
from pathlib import Path

TABLES = ("course", "student", "assignment", "notebook", "base_cell", "grade_cells", "solution_cells", "task_cells",
          "source_cell", "submitted_assignment", "submitted_notebook", "grade", "comment")  # fmt: skip
NAMED_BY = {
    "assignment": ("name",),
    "notebook": ("assignment_id", "name"),
    "base_cell": ("notebook_id", "name", "type"),
    "source_cell": ("notebook_id", "name"),
    "submitted_assignment": ("assignment_id", "student_id"),
    "submitted_notebook": ("assignment_id", "notebook_id"),
    "grade": ("notebook_id", "cell_id"),
    "comment": ("notebook_id", "cell_id"),
}


def rows_of(file: Path) -> dict[str, list[dict]]:
    """Return every row of every table of a gradebook, sorted."""
    with closing(sqlite3.connect(file)) as database:
        database.row_factory = sqlite3.Row
        names = [row[0] for row in database.execute("select name from sqlite_master where type = 'table'")]
        assert sorted(names) == sorted([*TABLES, "alembic_version"])
        found = {table: [dict(row) for row in database.execute(f"select * from {table}")] for table in TABLES}
    called: dict[str, str] = {}
    for table, columns in NAMED_BY.items():
        for row in found[table]:
            called[row["id"]] = "/".join([table, *(str(called.get(row[column], row[column])) for column in columns)])
    readable = {
        table: [{column: called.get(value, value) for column, value in row.items()} for row in rows]
        for table, rows in found.items()
    }
    return {table: sorted(rows, key=repr) for table, rows in readable.items()}
