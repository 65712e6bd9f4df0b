"""What goes through nbgrader's exchange: nothing is collected through a link, and no page stops the others."""

import os
import shutil
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseFeedback
from nbgrader.utils import ignore_patterns, notebook_hash

from autograder.grading import records
from autograder.grading.records import RecordError
from autograder.grading.repair import UnreadableSubmission, read_notebook_file, read_regular_file

SECRET, MAX_SECRET_BYTES = "submission_secret.txt", 1000
BYTES = 1000
"""nbgrader counts sizes of files and folders in these."""


def configure_exchange(config) -> None:
    """Have nbgrader collect and send with the steps of this module.

    Parameters
    ----------
    config : traitlets.config.Config
        The ``c`` of ``nbgrader_config.py``.
    """
    config.ExchangeFactory.collect = f"{__name__}.Collect"
    config.ExchangeFactory.release_feedback = f"{__name__}.ReleaseFeedback"


class Collect(ExchangeCollect):
    """Collect submissions, but nothing that is only a link to something else.

    nbgrader copies with the instructor's rights and follows links, so that a student could hand in any file that the
    instructor may read, such as the solution.
    """

    def do_copy(self, src, dest, log=None):
        """Copy the files of one submission. What is no file, or too large, stays where it is and is named."""
        left_out = []
        try:
            if os.path.islink(src):
                raise OSError(0, "it is a link, not a folder")
            self._copy_files(src, Path(dest), left_out)
        except OSError as error:
            shutil.rmtree(dest, ignore_errors=True)
            self.log.error("%s was not collected: %s", src, error.strerror)
        for name in left_out:
            self.log.warning("%s: %s was not collected", src, name)

    def _copy_files(self, src: str, dest: Path, left_out: list[str]) -> None:
        room = BYTES * self.coursedir.max_dir_size
        most = int(BYTES * self.coursedir.max_file_size)
        ignored_in = ignore_patterns(exclude=self.coursedir.ignore, include=self.coursedir.include, log=self.log)
        for folder, folders, files, descriptor in os.fwalk(src, follow_symlinks=False):
            target = dest / os.path.relpath(folder, src)
            target.mkdir(parents=True, exist_ok=True)
            ignored = ignored_in(folder, [*folders, *files])
            folders[:] = [name for name in folders if name not in ignored]
            for name in files:
                if name in ignored:
                    continue
                try:
                    content = read_regular_file(name, most, within=descriptor)
                except OSError as error:
                    left_out.append(f"{os.path.relpath(os.path.join(folder, name), src)} ({error.strerror})")
                    continue
                if len(content) > room:
                    left_out.append(f"{name} (there is more than {self.coursedir.max_dir_size} kB)")
                    continue
                room -= len(content)
                (target / name).write_bytes(content)
        if self.coursedir.groupshared:
            for path in (dest, *dest.rglob("*")):
                path.chmod(path.stat().st_mode | (0o2770 if path.is_dir() else 0o660))


class ReleaseFeedback(ExchangeReleaseFeedback):
    """Put the feedback pages where those who handed in through the exchange can fetch them.

    nbgrader looks beside the page for what names its reader, where it stands only if stock commands have copied it, and
    stops at the first page without. Here it is read from the submission, and who has none is named.
    """

    def copy_files(self):
        """Release the pages of the assignment, of one student or of all."""
        name = self.coursedir.assignment_id
        wanted, excluded = self.coursedir.student_id, self.coursedir.student_id_exclude.split(",")
        pages = {
            page.parent.parent.name: page
            for page in sorted(Path(self.coursedir.feedback_directory).glob(f"*/{name}/{name}.html"))
        }
        if wanted and wanted != "*":
            pages = {student: page for student, page in pages.items() if student == wanted}
        if not pages:
            self.fail(
                f"there is no feedback page for {name} in {self.coursedir.feedback_directory}; grade {name} first"
            )
        for student, page in pages.items():
            if student in excluded:
                continue
            try:
                secret = self._secret(student)
            except _NotReleased as error:
                self.log.warning("%s: the page was not released: %s", student, error)
                continue
            target = Path(self.dest_path, f"{notebook_hash(secret=secret, notebook_id=name)}.html")
            unfinished = target.with_suffix(".unfinished")
            shutil.copy(page, unfinished)
            os.replace(unfinished, target)
            self.log.info("Feedback released for %s: %s", student, target)

    def _secret(self, student: str) -> str:
        """Return what names the reader of a page. Raises _NotReleased."""
        name = self.coursedir.assignment_id
        submitted = Path(self.coursedir.submitted_directory)
        folder = submitted / student / name
        try:
            secret = read_regular_file(folder / SECRET, MAX_SECRET_BYTES).decode("ascii")
            if not secret.strip():
                raise ValueError
        except FileNotFoundError:
            raise _NotReleased("it was not handed in through the exchange; send the page another way") from None
        except (OSError, ValueError):
            raise _NotReleased(f"{SECRET} in the submission is damaged; send the page another way") from None
        try:
            record = records.find(submitted.parent, name, student)
            if record and record.submitted != records.fingerprint(read_notebook_file(folder, name)):
                raise _NotReleased(f"it was handed in again since it was graded; grade {name} first")
        except (RecordError, UnreadableSubmission) as error:
            raise _NotReleased(str(error)) from None
        return secret


class _NotReleased(Exception):
    """A page has no reader. The message says why and what to do."""
