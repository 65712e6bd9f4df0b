"""Every limit of the sandbox: what it stops, and that the same code runs once just this limit is gone."""

import secrets
import time
from pathlib import Path

import pytest
from probing import Probe, cell, open_session

from autograder.sandbox.bubblewrap import Limits

MB = 1 << 20


# ---- time ----


@pytest.mark.parametrize("source", ["while True: pass", "import time; time.sleep(60)", "open('/dev/zero').read()"])
def test_a_cell_that_does_not_end_is_stopped(source):
    started = time.monotonic()
    result = cell(source, cell_seconds=0.5, memory_bytes=None)
    assert result.lost
    assert result.error["type"] == "TimeLimit"
    assert "the time limit" in result.error["message"]
    assert time.monotonic() - started < 5


def test_a_cell_may_take_as_long_as_its_limit_says():
    assert cell("import time; time.sleep(0.7)", cell_seconds=0.5).lost
    assert not cell("import time; time.sleep(0.7)", cell_seconds=8).lost


def test_a_cell_that_catches_every_exception_and_ignores_every_signal_is_stopped():
    source = (
        "import signal\n"
        "for number in range(1, 65):\n"
        "    try:\n"
        "        signal.signal(number, signal.SIG_IGN)\n"
        "    except (OSError, ValueError):\n"
        "        pass\n"
        "while True:\n"
        "    try:\n"
        "        while True: pass\n"
        "    except BaseException:\n"
        "        pass"
    )
    assert cell(source, cell_seconds=0.5).error["type"] == "TimeLimit"


@pytest.mark.parametrize(("seconds", "kind"), [(0.5, "time"), (8, None)])
def test_a_call_by_a_check_has_a_limit_of_its_own(seconds, kind):
    with open_session(call_seconds=seconds) as session:
        session.run("c", "import time\ndef f():\n    time.sleep(0.7)\n    return 1.0")
        answer = session.ask({"op": "call", "name": "f", "arguments": {}})
        assert answer.get("error", {}).get("kind") == kind
        assert session.alive == (kind is None)


@pytest.mark.parametrize(("seconds", "lost"), [(0.5, True), (20, False)])
def test_the_whole_submission_has_a_limit(seconds, lost):
    with open_session() as session:
        session._deadline = time.monotonic() + seconds
        assert session.run("c", "import time; time.sleep(0.8)").lost == lost


@pytest.mark.parametrize("confined", [True, False])
def test_the_clock_of_a_worker_counts_what_a_processor_spends_on_it_and_no_waiting(confined):
    burn = "import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    with open_session(confined=confined) as session:
        started = session.clock()
        session.run("c", "import time; time.sleep(1.0)")
        waited = session.clock() - started
        session.run("c", burn)
        assert waited < 0.2
        assert 0.4 < session.clock() - started - waited < 0.8


def test_where_the_system_does_not_count_a_clock_on_the_wall_does(monkeypatch):
    monkeypatch.setattr("autograder.sandbox.started.processor_seconds", lambda process: 0.0)
    with open_session() as session:
        started = session.clock()
        session.run("c", "import time; time.sleep(0.3)")
        assert session.clock() - started >= 0.3


def test_limits_for_the_default_timeout_are_the_default_limits():
    assert Limits.for_timeout(Limits.cell_seconds) == Limits()


def test_the_limit_of_the_whole_submission_grows_with_that_of_a_cell():
    assert [Limits.for_timeout(seconds).total_seconds for seconds in (0.5, 10, 30)] == [6, 120, 360]


def test_after_the_whole_time_is_up_every_further_question_is_answered_at_once():
    with open_session(seconds=0.4) as session:
        session.run("c", "import time; time.sleep(60)")
        started = time.monotonic()
        for _ in range(100):
            answer = session.ask({"op": "value", "name": "x"})
            assert answer["error"]["kind"] == "died"
            assert session.run("c", "1").lost
        assert time.monotonic() - started < 1


@pytest.mark.parametrize(("seconds", "lost"), [(1, True), (None, False)])
def test_processor_time_is_limited_however_it_is_spent(seconds, lost):
    burn = (
        "import time, threading\n"
        "def burn():\n"
        "    while time.process_time() < 1.4: pass\n"
        "t = threading.Thread(target=burn); t.start(); burn(); t.join()"
    )
    result = cell(burn, cpu_seconds=seconds, cell_seconds=30)
    assert result.lost == lost
    if lost:
        assert "processor time" in result.error["message"]


# ---- memory, threads, processes, files ----


def test_memory_is_limited():
    probe = Probe("block = b'x' * (500 << 20)\nprint('got in')")
    assert not probe.gets_in(memory_bytes=400 * MB)
    assert probe.gets_in(memory_bytes=None)


def test_a_cell_that_runs_out_of_memory_leaves_the_worker_usable():
    with open_session(memory_bytes=400 * MB) as session:
        assert session.run("c", "import numpy as np\na = np.ones(10**9)").error["type"].endswith("MemoryError")
        assert session.run("c", "1 + 1").shown == "2"


def test_threads_are_limited():
    probe = Probe(
        "import threading, time\n"
        "for _ in range(60):\n"
        "    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "print('got in')"
    )
    assert not probe.gets_in(processes=16, memory_bytes=None)
    assert probe.gets_in(processes=None, memory_bytes=None)


def test_processes_are_limited_where_the_system_call_filter_does_not_refuse_them():
    bomb = (
        "import os, time\n"
        "made = 0\n"
        "for _ in range(60):\n"
        "    try:\n"
        "        if os.fork() == 0:\n"
        "            time.sleep(60)\n"
        "            os._exit(0)\n"
        "        made += 1\n"
        "    except OSError:\n"
        "        break\n"
        "print(made)"
    )
    assert int(cell(bomb, without="system calls", processes=16).stdout) <= 16
    assert int(cell(bomb, without="system calls", processes=None).stdout) == 60


def test_open_files_are_limited():
    probe = Probe("files = [open('/dev/null') for _ in range(300)]\nprint('got in')")
    assert not probe.gets_in(open_files=64)
    assert probe.gets_in(open_files=None)


def test_the_size_of_one_file_is_limited():
    probe = Probe("open('big', 'wb').write(bytes(2 << 20))\nprint('got in')")
    assert not probe.gets_in(file_bytes=MB)
    assert probe.gets_in(file_bytes=None)


def test_the_size_of_all_files_together_is_limited():
    probe = Probe("for n in range(4):\n    open(f'part{n}', 'wb').write(bytes(1 << 20))\nprint('got in')")
    assert not probe.gets_in(scratch_bytes=2 * MB)
    assert probe.gets_in(scratch_bytes=8 * MB)


# ---- output ----


def test_a_flood_of_printing_is_cut_and_said_to_be_cut():
    flood = "for _ in range(100):\n    print('x' * 9999)"
    kept = cell(flood, output_characters=5000).stdout
    assert 5000 < len(kept) < 5200
    assert kept.endswith("[cut: 1000000 characters were printed, 5000 are kept]\n")
    assert len(cell(flood, output_characters=None, total_output_characters=10**7).stdout) == 10**6


def test_a_long_value_and_a_long_error_are_cut():
    limit = 5000
    assert len(cell("'x' * 10**6", output_characters=limit).shown) <= limit
    error = cell("raise ValueError('x' * 10**6)", output_characters=limit).error
    assert len(error["message"]) <= limit
    assert len(error["traceback"]) <= limit


def test_what_all_cells_print_together_is_limited():
    with open_session(total_output_characters=20_000) as session:
        kept = [len(session.run(f"c{number}", "print('x' * 5999)").stdout) for number in range(5)]
    assert kept == [6000, 6000, 6000, 2000, 0]


def test_what_is_written_around_python_goes_nowhere(capfd):
    source = "import os\nfor n in (1, 2):\n    os.write(n, b'forged' * 1000)\nprint(os.read(0, 9))"
    result = cell(source)
    assert (result.stdout, result.error) == ("b''\n", None)
    assert capfd.readouterr() == ("", "")


# ---- afterwards ----


def running(token: str) -> bool:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if token.encode() in (process / "cmdline").read_bytes():
                return True
        except OSError:
            continue
    return False


def waits_for(condition, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


@pytest.mark.parametrize("ending", ["closed", "stopped", "killed itself"])
def test_a_daemon_does_not_outlive_its_worker(ending):
    token = "token" + secrets.token_hex(8)
    session = open_session(without="system calls", cell_seconds=5)
    session.run(
        "c",
        "import os, sys\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        f"        os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(60)', {token!r}])\n"
        "    os._exit(0)",
    )
    assert waits_for(lambda: running(token))
    if ending == "stopped":
        session._limits = type(session._limits)(cell_seconds=0.2)
        assert session.run("c", "while True: pass").lost
    elif ending == "killed itself":
        assert session.run("c", "import os; os._exit(0)").lost
    session.close()
    assert waits_for(lambda: not running(token))


def test_a_worker_that_ends_itself_is_reported_and_no_verdict():
    for source in ("import os; os._exit(0)", "import ctypes; ctypes.string_at(0)", "import os; os.kill(2, 9)"):
        result = cell(source)
        assert result.lost
        assert result.error["type"] == "ProcessEnded"


def test_a_closed_worker_leaves_no_descriptor_open():
    before = len(list(Path("/proc/self/fd").iterdir()))
    sessions = [open_session() for _ in range(3)]
    for session in sessions:
        session.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
