"""Find Chromium and start it in one way: no window, a profile of its own, and no host but this machine."""

import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
INSTALL_CHROMIUM = "Chromium is not installed; on Debian or Ubuntu: sudo apt-get install chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # Names are not resolved, so that nothing leaves the machine; a request is logged before its name is looked up.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def find_chromium() -> str | None:
    """Return the path of an installed Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def command(chromium: str, folder: Path, *flags: str) -> list[str]:
    """Return the beginning of a command that starts Chromium; an address follows.

    Parameters
    ----------
    chromium : str
        Path of the program.
    folder : Path
        A folder in which the browser's profile is made.
    *flags : str
        Flags beside `FLAGS`.

    Returns
    -------
    list of str
    """
    return [chromium, *FLAGS, f"--user-data-dir={folder / 'profile'}", *flags]


def document_of(chromium: str, address: str, folder: Path, *flags: str, milliseconds: int = 20000) -> str:
    """Open an address and return the document after its scripts have run.

    Parameters
    ----------
    chromium : str
        Path of the program.
    address : str
        An http or file address.
    folder : Path
        A folder in which the browser's profile is made.
    *flags : str
        Flags beside `FLAGS`.
    milliseconds : int
        Virtual time that the page gets. The clock stands still while something is loading.

    Returns
    -------
    str

    Raises
    ------
    subprocess.CalledProcessError, subprocess.TimeoutExpired
        Chromium failed, or took more than three minutes.
    """
    flags = (*flags, f"--virtual-time-budget={milliseconds}", "--dump-dom")
    started = command(chromium, folder, *flags)
    return subprocess.run([*started, address], capture_output=True, text=True, timeout=180, check=True).stdout
