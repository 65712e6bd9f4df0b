"""The learn tool: the book is served as long as JupyterLab runs. A short program stands for JupyterLab."""

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "learn.py"

# Says what it reads where UNROLLED_BOOK points to, then waits for its signal or the end of its input. The signal may
# come while print is still busy, so that the handler must not print.
LAB = """
import os, signal, sys, urllib.request

def stop(number, frame):
    os.write(1, b"stopped by %s\\n" % signal.Signals(number).name.encode())
    sys.exit(7)

signal.signal(signal.SIGTERM, stop)
address = os.environ["UNROLLED_BOOK"]
print(address, urllib.request.urlopen(address + "/index.html").read().decode(), sys.argv[1:], flush=True)
sys.stdin.read()
sys.exit(3)
"""


@pytest.fixture
def lab(tmp_path):
    """Start the tool on a book of one page."""
    (tmp_path / "index.html").write_text("one page", encoding="utf-8")
    command = [sys.executable, str(TOOL), str(tmp_path), sys.executable, "-c", LAB, "--no-browser", "--port=1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def address_of(process):
    """Return the address that the tool says and the program finds."""
    said = process.stdout.readline()
    address, page = process.stdout.readline().split(" ", 1)
    assert said == f"The book is on {address} until JupyterLab ends.\n"
    assert page == "one page ['--no-browser', '--port=1']\n"
    return address


def is_served(address):
    try:
        return urllib.request.urlopen(f"{address}/index.html", timeout=10).status == 200
    except OSError:
        return False


def test_the_book_is_served_on_this_machine_until_the_program_ends_and_its_exit_code_is_passed_on(lab):
    address = address_of(lab)
    assert address.startswith("http://127.0.0.1:")
    assert is_served(address)
    # Another address of this machine, as other machines would use one.
    assert not is_served(address.replace("127.0.0.1", "127.0.0.2"))
    lab.stdin.close()
    assert lab.wait(timeout=30) == 3
    assert not is_served(address)


def test_ctrl_c_is_left_to_the_program_and_the_book_stays_until_it_has_ended(lab):
    address = address_of(lab)
    lab.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        lab.wait(timeout=1)
    assert is_served(address)
    lab.stdin.close()
    assert lab.wait(timeout=30) == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_is_passed_on_to_the_program(lab, number):
    address = address_of(lab)
    lab.send_signal(number)
    assert lab.wait(timeout=30) == 7
    assert lab.stdout.readline() == "stopped by SIGTERM\n"
    assert not is_served(address)
