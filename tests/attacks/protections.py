"""What protects the grader, how each protection is taken away, and which attacks then succeed.

The walls of the sandbox alone, one by one, are tried in tests/sandbox/test_protections.py and test_limits.py as well.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

from jinja2 import Environment

from autograder.grading import submission
from autograder.sandbox import bubblewrap
from autograder.sandbox.bubblewrap import Sandbox
from tests.attacks.attacks import BY_NAME
from tests.attacks.scene import Got, grade_one

NEVER = re.compile(r"(?!)")


@dataclass(frozen=True)
class Protection:
    """Something that stops attacks.

    Attributes
    ----------
    name : str
    stops : tuple of str
        Some attacks that it stops, by the name of their student: each succeeds without it.
    removed : callable
        Returns a context in which it is gone.
    sandbox : callable
        Returns a sandbox in which it is gone.
    seconds : float
        After which the grader counts as stopped.
    """

    name: str
    stops: tuple[str, ...]
    removed: Callable[[], AbstractContextManager] = nullcontext
    sandbox: Callable[[Sandbox], Sandbox] = lambda sandbox: sandbox
    seconds: float = 150.0

    def without_it(self, student: str) -> Got:
        """Run one of the attacks without the protection."""
        return grade_one(BY_NAME[student], self.removed, self.sandbox, self.seconds)


def patched(**values: object) -> Callable[[], AbstractContextManager]:
    """Return a removal that sets names of modules: ``grading__repair__MAX_CELLS=…`` is that of autograder.grading."""

    @contextmanager
    def removed() -> Iterator[None]:
        with ExitStack() as stack:
            for name, value in values.items():
                stack.enter_context(patch("autograder." + name.replace("__", "."), value))
            yield

    return removed


def without(*walls: str) -> Callable[[Sandbox], Sandbox]:
    """Return what takes walls out of a sandbox."""
    return lambda sandbox: replace(sandbox, without=frozenset(walls))


def limits(**values: object) -> Callable[[Sandbox], Sandbox]:
    """Return what changes the limits of a sandbox."""
    return lambda sandbox: replace(sandbox, limits=replace(sandbox.limits, **values))


def served(file: str, old: str, new: str) -> Callable[[], AbstractContextManager]:
    """Return a removal that changes a file which runs inside of the sandbox."""

    def removed() -> AbstractContextManager:
        files = dict(bubblewrap._course_files())
        changed = files[file].replace(old.encode(), new.encode())
        assert changed != files[file], f"{file} holds no {old}"
        return patch.object(bubblewrap, "_course_files", lambda: {**files, file: changed})

    return removed


def not_hidden() -> AbstractContextManager:
    """Let the sandbox have the name of the machine."""
    command = Sandbox._confined_command

    def named(self: Sandbox, *arguments) -> list[str]:
        made = command(self, *arguments)
        place = made.index("--hostname")
        return made[:place] + made[place + 2 :]

    return patch.object(Sandbox, "_confined_command", named)


def as_root() -> AbstractContextManager:
    """Let a worker keep the user that grades."""
    settings = Sandbox._settings
    return patch.object(Sandbox, "_settings", lambda self, **more: {**settings(self, **more), "uid": None})


def read_anything(path: Path | str, most: int, **_: object) -> bytes:
    """Read a file of whatever kind and size."""
    return Path(path).read_bytes()


ROUGH = {f"engine__backward__{name}": 1e-2 for name in ("TOLERANCE", "ANALYTIC", "ANALYTIC_SATURATED")}
"""What a gradient may be off."""
NO_QUIET = {"engine__backward__Backward.refuse_steps": lambda *_: None}
NOT_SLOW = {"engine__backward__Backward._refuse_slow": lambda *_: None}

PROTECTIONS = [
    # the sandbox
    Protection("no network", ("machine-a-port-of-this-machine", "machine-a-socket-of-this-machine"),
               sandbox=without("network")),
    Protection("nothing of the machine is seen", ("secrets-read-a-file-of-whoever-grades",
               "secrets-read-the-true-solutions", "secrets-read-another-student-s-notebook"),
               sandbox=without("reading")),
    Protection("nothing of the machine is written", ("machine-a-file-outside",), sandbox=without("writing")),
    Protection("system calls are filtered", ("machine-a-process", "machine-a-program", "machine-the-call-shmget",
               "machine-the-call-memfd_create", "machine-the-call-io_setup"), sandbox=without("system calls")),
    Protection("memory is limited", ("machine-1-2-gb-of-memory",), sandbox=limits(memory_bytes=None)),
    Protection("threads are limited", ("machine-a-hundred-threads",),
               sandbox=limits(processes=None, memory_bytes=None)),
    Protection("open files are limited", ("machine-300-open-files",), sandbox=limits(open_files=None)),
    Protection("the size of a file is limited", ("machine-one-large-file",), sandbox=limits(file_bytes=None)),
    Protection("the room for files is limited", ("machine-500-mb-of-files",), sandbox=limits(scratch_bytes=1 << 30)),
    Protection("the number of files is limited", ("machine-40-000-files",), sandbox=limits(scratch_files=10**6)),
    Protection("a cell has its time", ("machine-a-loop",), seconds=60,
               sandbox=limits(cell_seconds=1e6, total_seconds=1e6, cpu_seconds=None)),
    Protection("output is limited", ("machine-ninety-million-characters-printed",),
               sandbox=limits(output_characters=None, total_output_characters=10**9)),
    Protection("a submission has a budget of the grader's time", ("machine-junk-sent-over-and-over",),
               sandbox=limits(grader_seconds=1e6)),
    Protection("frames have a size", ("wire-a-frame-of-500-mb",), patched(
        sandbox__wire__MAX_HEADER_BYTES=1 << 31, sandbox__wire__MAX_PAYLOAD_BYTES=1 << 31)),
    Protection("text of a worker is made plain", ("reader-terminal-sequences-printed",),
               patched(sandbox__session__plain_text=lambda value, limit=2000: str(value)[:limit])),
    Protection("the machine has no name", ("secrets-the-name-of-the-machine",), not_hidden),
    Protection("a worker is a user of its own", ("secrets-the-user-that-grades",), as_root),
    Protection("a worker has a scratch folder of its own", ("secrets-what-it-left-before-a-restart",),
               served("autograder/sandbox/nursery.py", '_new_scratch_folder(settings["scratch"])', "pass")),
    Protection("a worker sees no processes but its own", ("secrets-the-workers-of-others",),
               served("autograder/sandbox/nursery.py", "_NEW_MESSAGES | _NEW_PROCESSES)", "_NEW_MESSAGES)")),
    # the files of a submission
    Protection("a submission is the student's own file", ("pipeline-a-folder-that-is-a-link-to-a-peer-s",
               "pipeline-a-notebook-that-is-a-hard-link-to-a-peer-s",
               "pipeline-a-notebook-that-is-a-hard-link-to-the-solutions"),
               patched(grading__classroom__find_borrowed=lambda *_: {})),
    Protection("folders with links are refused", ("pipeline-a-folder-of-the-set-that-is-a-link-to-a-peer-s",),
               patched(grading__repair__refuse_unsafe_files=lambda *_: None)),
    Protection("links are not followed", ("pipeline-a-notebook-that-is-a-link-to-a-peer-s",), patched(
        grading__repair__refuse_unsafe_files=lambda *_: None, grading__repair__read_regular_file=read_anything)),
    Protection("only regular files are read", ("pipeline-a-timestamp-that-is-a-pipe",),
               patched(grading__submission__read_regular_file=read_anything), seconds=60),
    Protection("a timestamp has a size", ("pipeline-a-timestamp-that-is-400-mb",),
               patched(grading__submission__MAX_TIMESTAMP_BYTES=1 << 30), seconds=60),
    Protection("a notebook has a size", ("pipeline-a-notebook-that-is-300-mb",),
               patched(grading__repair__MAX_NOTEBOOK_BYTES=1 << 30), seconds=60),
    Protection("the values in JSON are counted", ("pipeline-json-six-million-lists",),
               patched(grading__repair__MAX_VALUES=10**9)),
    Protection("cells are counted, and reading has its time", ("pipeline-45-000-cells-of-nothing",), patched(
        grading__repair__MAX_CELLS=10**9, grading__submission__reading_takes_at_most=nullcontext)),
    Protection("text cells hold no HTML", ("reader-html-in-every-part-of-the-notebook",),
               patched(grading__repair___without_html=lambda text: text)),
    # pages and tables
    Protection("what a page shows is escaped", ("reader-html-printed",), patched(
        feedback__environment__Environment=lambda **more: Environment(**{**more, "autoescape": False}))),
    Protection("what a page shows is visible", ("reader-turned-text-printed",),
               patched(feedback__text___INVISIBLE=NEVER)),
    Protection("a name is no formula", ("=HYPERLINK(\"https:evil.example\",\"Click\")",),
               patched(report__tables__harmless=lambda text: text)),
    # the checks
    # differences are refused more than once: they are rough, slow, and lost where weights are 1e-307
    Protection("gradients are compared with the trusted ones", ("verdict-a-gradient-that-is-a-little-wrong",),
               patched(**ROUGH, **NO_QUIET)),
    Protection("a step is too slow, and lost where weights are tiny", (
               "method-rnn_backward-complex_step-the-smallest-tensor",
               "method-rnn_backward-complex_step-every-tensor"), patched(**NO_QUIET, **NOT_SLOW)),
]  # fmt: skip

assert submission  # what is patched in it has to be loaded
