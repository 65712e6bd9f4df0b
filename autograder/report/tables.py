"""The report as a table for spreadsheets."""

import csv
import io

from autograder.report.summary import ClassSummary, Standing
from autograder.sandbox.session import plain_text


def report_csv(summary: ClassSummary) -> str:
    """Return the report as CSV: a line a student, points by question, how the total comes about, why to look."""
    names = [question.cell.question for question in summary.questions]
    rows = [_row(summary, standing) for standing in summary.standings]
    heads = ["student", *names, "checks", "by_hand", "extra_credit", "late_penalty", "total", "of", "status",
             "graded_at", "seconds", "look_at"]  # fmt: skip
    return as_csv([heads, *rows])


def as_csv(rows) -> str:
    """Return rows as CSV with lines that end as RFC 4180 has it."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def harmless(text: str) -> str:
    """Return a stranger's text as a spreadsheet shows it, and does not calculate it, on one line."""
    text = " ".join(plain_text(text, len(text)).split())
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _row(summary: ClassSummary, standing: Standing) -> list:
    totals, record = standing.totals, standing.record
    points = [
        None if answer is None else answer.points
        for answer in (standing.answers.get(question.cell.grade_id) for question in summary.questions)
    ]
    parts = [None] * 5
    if standing.has_points:
        parts = [totals.auto, totals.manual, totals.extra_credit, totals.late_penalty, totals.total]
    return [
        harmless(standing.student),
        *(points if standing.has_points else [None] * len(points)),
        *parts,
        summary.max_points,
        standing.status,
        record.graded_at.isoformat(timespec="seconds") if record else None,
        round(record.seconds, 2) if record else None,
        harmless("; ".join(standing.look_at)),
    ]
