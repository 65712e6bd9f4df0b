"""What an instructor looks at: the class on one page, the same as tables, and the files that an LMS takes."""

from autograder.report.lms import LmsError, canvas_csv, moodle_csv
from autograder.report.page import report_page
from autograder.report.summary import ClassSummary, summarize
from autograder.report.tables import report_csv

__all__ = ["ClassSummary", "LmsError", "canvas_csv", "moodle_csv", "report_csv", "report_page", "summarize"]
