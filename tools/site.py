"""Put Python into the built book: JupyterLite, our wheel and the runtime Pyodide, so that pages run in the browser.

``build`` writes everything below the built book, into ``lite/``. Whoever only reads loads none of it. Online, the
runtime comes from Pyodide's own server; offline, all of it lies with the book. ``lock`` writes ``pyodide-lock.json``
beside this file: the part of Pyodide's own lock file that the course needs. Every file is compared with its SHA-256
there before it is used, here and once more in the browser. ``notebooks`` writes the notebooks as they are opened
elsewhere, on Colab and Binder.
"""

import contextlib
import hashlib
import http.client
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import click

from tools.in_words import in_words

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "tools" / "pyodide-lock.json"
FROM_PYPI = ROOT / "requirements-runtime.txt"
DOWNLOADS = ROOT / "_build" / "downloads"

PYODIDE = "314.0.3"
PYTHON = "3.14"
SERVER = f"https://cdn.jsdelivr.net/pyodide/v{PYODIDE}/full/"
NPM = f"https://registry.npmjs.org/pyodide/-/pyodide-{PYODIDE}.tgz"
NPM_SHA512 = (
    "b0ae34332ea6f2d981518b581fd6aef6b5d47a1f71d307da86d1dd3a51a62716"
    "43b0a0462ad3fa2b39f2141dbebbf9256d04dd0e2a27474b9a55dd7beb3550cd"
)
BUNDLE = "open-webui==0.12.4"
"""On PyPI; carries Pyodide with its wheels of NumPy and matplotlib, for where Pyodide's server cannot be reached."""

CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
"""What of the package on npm a browser loads."""
NEEDED = ("numpy", "matplotlib", "micropip", "ipython", "jedi")
"""Of Pyodide's packages; what they depend on comes along."""
KERNEL = ("piplite", "ipykernel", "comm", "pyodide-kernel")
"""What the kernel of JupyterLite needs beside them. Loaded at once, they spare it three rounds of asking."""
OURS = {"unrolled-course": ["unrolled", "autograder"]}
"""Our distribution, and the imports that bring it in."""

INSTALLS = """\
# Where the course is missing, as on Colab, this installs it. Everywhere else it does nothing.
try:
    import autograder
except ImportError:
    import importlib
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-m", "pip", "install", "-q", "{source}"])
    if done.returncode:
        do = "see above what pip says, and whether the network is there; then run this cell again"
        raise ImportError(f"The course could not be installed: {{do}}.") from None
    importlib.invalidate_caches()
"""
"""The first cell of a notebook that is opened elsewhere. The stand-in for `autograder` in the grader's sandbox has no
spec, so it is imported and not looked for."""
ELSEWHERE = """\
# Unrolled: the notebooks

Chapters and problem sets of the course Unrolled, for Colab, Binder and JupyterHub. `tools/site.py notebooks` wrote
them from {repository}; what is changed here is lost.
"""


UNREACHED = (OSError, http.client.HTTPException)


class SiteError(click.ClickException):
    """Something outside stands in the way: one sentence, exit code 1."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def spelled(name: str) -> str:
    """Return the one spelling of a package's name."""
    return name.lower().replace("_", "-").replace(".", "-")


# ------------------------------------------------------------------------------------------------------ the lock file


def npm_package() -> dict[str, bytes]:
    """Return the files of Pyodide's package on npm by name; raise `SiteError` where it is not to be had."""
    try:
        with urllib.request.urlopen(NPM, timeout=120) as answer:
            content = answer.read()
    except UNREACHED as error:
        raise SiteError(f"{NPM} could not be loaded ({error}); look whether the network is there.") from None
    if hashlib.sha512(content).hexdigest() != NPM_SHA512:
        raise SiteError(f"{NPM} is not the file that tools/site.py names by its SHA-512; nothing of it was used.")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        files = {Path(member.name).name: member for member in archive if member.isfile()}
        return {name: archive.extractfile(member).read() for name, member in files.items()}


def closure(packages: dict[str, dict], names: tuple[str, ...]) -> dict[str, dict]:
    """Return the entries of the packages that are named, and of all that they depend on."""
    by_name = {spelled(name): entry for name, entry in packages.items()}
    found, left = {}, [spelled(name) for name in names]
    while left:
        name = left.pop()
        if name not in found:
            found[name] = by_name[name]
            left += [spelled(other) for other in by_name[name]["depends"]]
    return dict(sorted(found.items()))


def wheel_entry(wheel: Path, depends: list[str], imports: list[str]) -> dict:
    """Return what a lock file says of a pure-Python wheel that Pyodide does not have."""
    name, version = wheel.name.split("-")[:2]
    return {
        "name": spelled(name), "version": version, "file_name": wheel.name, "install_dir": "site",
        "sha256": sha256(wheel.read_bytes()), "package_type": "package", "imports": imports, "depends": depends,
    }  # fmt: skip


# -------------------------------------------------------------------------------------------------- files of a runtime


def pip_download(folder: Path, *arguments: str) -> bool:
    """Download wheels, whatever Python they are for, into a folder; return whether all were there."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", str(folder)]
    command += ["--python-version", PYTHON, "--ignore-requires-python"]
    return subprocess.run([*command, *arguments], capture_output=True).returncode == 0


def from_server(wanted: dict[str, str]) -> None:
    """Keep from Pyodide's server what it has; stop at the first sign that it is not reached."""
    for name in wanted:
        try:
            with urllib.request.urlopen(SERVER + name, timeout=20) as answer:
                (DOWNLOADS / name).write_bytes(answer.read())
        except UNREACHED:
            return


def from_npm(wanted: dict[str, str]) -> None:
    """Keep what the package on npm has, which is Pyodide without its wheels."""
    with contextlib.suppress(SiteError):
        for name, content in npm_package().items():
            if name in wanted:
                (DOWNLOADS / name).write_bytes(content)


def from_bundle(wanted: dict[str, str]) -> None:
    """Keep what the package on PyPI carries, and not the package, which is large."""
    with tempfile.TemporaryDirectory() as folder:
        if not pip_download(Path(folder), BUNDLE):
            return
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as bundle:
            for member in bundle.namelist():
                if (name := Path(member).name) in wanted:
                    (DOWNLOADS / name).write_bytes(bundle.read(member))


def missing(wanted: dict[str, str]) -> dict[str, str]:
    """Return the files that are not there as their SHA-256 wants them; remove what is not."""
    absent = {}
    for name, digest in wanted.items():
        path = DOWNLOADS / name
        if not path.exists() or sha256(path.read_bytes()) != digest:
            path.unlink(missing_ok=True)
            absent[name] = digest
    return absent


def pinned_wheels() -> dict[str, Path]:
    """Return the wheels that ``requirements-runtime.txt`` pins by hash, by package; raise `SiteError` without them."""
    folder = DOWNLOADS / "pypi"
    wanted = set(re.findall("sha256:([0-9a-f]{64})", FROM_PYPI.read_text()))
    for attempt in range(2):
        found = {sha256(path.read_bytes()): path for path in folder.glob("*.whl")}
        if wanted <= found.keys():
            return {spelled(found[digest].name.split("-")[0]): found[digest] for digest in wanted}
        if attempt == 0:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            pip_download(folder, "--require-hashes", "-r", str(FROM_PYPI))
    raise SiteError(f"PyPI did not give the wheels of {FROM_PYPI.name}; the network is needed for that, once.")


def runtime_offline(folder: Path, core: dict[str, str], packages: dict[str, dict]) -> dict[str, dict]:
    """Fill a folder with the whole runtime.

    What Pyodide is made of, and compiled wheels, come from Pyodide's server, or else from npm and the bundle on PyPI,
    all as its lock file wants them; a pure-Python wheel comes from PyPI, as ``requirements-runtime.txt`` wants it.

    Parameters
    ----------
    folder : Path
    core : dict
        SHA-256 of the files that Pyodide is made of, by name.
    packages : dict
        Entries of Pyodide's lock file, by name.

    Returns
    -------
    dict
        The same entries, naming the files that were found.

    Raises
    ------
    SiteError
        When a file is to be had from nowhere.
    """
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    pinned = pinned_wheels()
    carried = {entry["file_name"]: entry["sha256"] for name, entry in packages.items() if name not in pinned}
    for source in (from_server, from_npm, from_bundle):
        if absent := missing(core | carried):
            source(absent)
    for name in missing(core | carried):
        raise SiteError(
            f"{name} with the SHA-256 of tools/pyodide-lock.json was found neither on {SERVER} nor on npm nor in "
            f"{BUNDLE} on PyPI; look whether the network is there. `make site` without OFFLINE=1 does not need it."
        )
    for name in core | carried:
        shutil.copy(DOWNLOADS / name, folder)
    entries = {}
    for name, entry in packages.items():
        if name in pinned:
            entry = entry | wheel_entry(Path(shutil.copy(pinned[name], folder)), entry["depends"], entry["imports"])
        entries[name] = entry
    colors = "ipython-pygments-lexers"  # a part of IPython that Pyodide's own wheel does without
    entries[colors] = wheel_entry(Path(shutil.copy(pinned[colors], folder)), ["pygments"], ["ipython_pygments_lexers"])
    entries["ipython"]["depends"].append(colors)
    return entries


def runtime_online(packages: dict[str, dict], server: str) -> dict[str, dict]:
    """Return the entries of Pyodide's lock file with the addresses on a server."""
    return {name: entry | {"file_name": server + entry["file_name"]} for name, entry in packages.items()}


# --------------------------------------------------------------------------------------------------------------- build


def our_wheel(folder: Path) -> Path:
    """Make the wheel of the course, the same bytes from the same files, and return where it lies."""
    with tempfile.TemporaryDirectory() as copy:
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, copy)
        for name in ("unrolled", "autograder"):
            shutil.copytree(ROOT / name, Path(copy, name), ignore=shutil.ignore_patterns("__pycache__"))
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder)]
        done = subprocess.run(
            [*command, copy], env={**os.environ, "SOURCE_DATE_EPOCH": "1577836800"}, capture_output=True, text=True
        )
        if done.returncode:
            raise SiteError(f"the wheel of the course could not be made: {done.stderr.strip().splitlines()[-1]}")
    return next(folder.glob("unrolled_course-*.whl"))


def kernel_and_course(folder: Path) -> dict[str, dict]:
    """Lay the wheels of the kernel and of the course into a folder, and return their entries of a lock file."""
    static = Path(sys.prefix, "share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension/static/pypi")
    pinned, entries = pinned_wheels(), {}
    for name in KERNEL:
        module = name.replace("-", "_")
        wheel = pinned[name] if name in pinned else max(static.glob(f"{module}-*.whl"))
        entries[name] = wheel_entry(Path(shutil.copy(wheel, folder)), [], [module])
    for name, imports in OURS.items():
        entries[name] = wheel_entry(our_wheel(folder), ["numpy"], imports)
    return entries


def notebooks() -> Iterator[tuple[Path, str]]:
    """Yield every notebook of the course, and where it lies in the browser's folder."""
    for path in sorted((ROOT / "exercises").glob("*/*.ipynb")):
        yield path, path.name
    for pattern in ("*.ipynb", "folklore/*.ipynb", "uses/*.ipynb", "classic-benchmarks.json"):
        for path in sorted((ROOT / "book").glob(pattern)):
            yield path, str(path.relative_to(ROOT / "book"))


DISABLED = [
    "@jupyterlab/extensionmanager-extension",
    "@jupyterlite/help-extension",
    "@jupyter-notebook/notebook-extension:trusted",  # all runs in the browser of whoever wrote it
]
DRIVERS = ["asyncStorage", "localStorageWrapper", "memoryStorageDriver"]
"""Where work is kept, in the words of localForage: IndexedDB; where it is denied, localStorage, then memory."""


def with_installer(notebook: dict, source: str) -> dict:
    """Return a notebook with a first cell that installs the course where it is missing.

    Parameters
    ----------
    notebook : dict
        As it stands in its file.
    source : str
        What pip installs, such as ``git+https://…``.

    Returns
    -------
    dict
    """
    lines = INSTALLS.format(source=source).rstrip().splitlines(keepends=True)
    cell = {"cell_type": "code", "execution_count": None, "id": "install-the-course", "metadata": {}, "outputs": []}
    return notebook | {"cells": [cell | {"source": lines}, *notebook["cells"]]}


def settings(address: str, packages: list[str]) -> dict:
    """Return the configuration of JupyterLite; `address` is that of the runtime, seen from ``lite/``."""
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "Unrolled",
            "exposeAppInBrowser": True,  # run.html saves, loads and starts over through it
            "disabledExtensions": DISABLED,
            "enableServiceWorkerCache": "true",
            "enableMemoryStorage": "true",
            **{f"{what}StorageDrivers": json.dumps(DRIVERS) for what in ("contents", "settings", "workspaces")},
            "litePluginSettings": {
                "@jupyterlite/pyodide-kernel-extension:kernel": {
                    "pyodideUrl": address + "pyodide.mjs",
                    "disablePyPIFallback": True,
                    "loadPyodideOptions": {"lockFileURL": "./static/runtime/pyodide-lock.json", "packages": packages},
                }
            },
        },
    }


OVERRIDES = {
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 2},
    "@jupyterlab/notebook-extension:tracker": {"codeCellConfig": {"lineNumbers": True}},  # messages name lines
    "@jupyter-notebook/application-extension:top": {"visible": "no"},  # the bar of run.html stands there
    # In a browser without shared memory an interrupt does nothing; the bar restarts Python.
    "@jupyterlab/notebook-extension:panel": {"toolbar": [{"name": "interrupt", "disabled": True}]},
    "@jupyterlab/apputils-extension:notification": {
        "checkForUpdates": False,
        "doNotDisturbMode": True,
        "fetchNews": "false",
    },
}


KERNEL_METADATA = {
    "kernelspec": {"name": "python", "display_name": "Python (Pyodide)", "language": "python"},
    "language_info": {
        "codemirror_mode": {"name": "python", "version": 3}, "file_extension": ".py", "mimetype": "text/x-python",
        "name": "python", "nbconvert_exporter": "python", "pygments_lexer": "ipython3", "version": "3.8",
    },
}  # fmt: skip
"""What JupyterLite writes into a notebook that it opens."""


def joined(value: object) -> object:
    """Return lines of text as one, which is how JupyterLite reads them, and anything else as it is."""
    lines = isinstance(value, list) and all(isinstance(line, str) for line in value)
    return "".join(value) if lines else value


def for_the_browser(content: bytes) -> bytes:
    """Return a notebook as it lies in the browser.

    It names JupyterLite's kernel, so that looking at it does not store a copy that no release reaches. What its cells
    have printed and drawn is trusted, because it is ours, and what only Sphinx can look up is told in words.
    """
    notebook = json.loads(content)
    if "cells" not in notebook:
        return content  # other data of a page
    notebook["metadata"] |= KERNEL_METADATA
    for cell in notebook["cells"]:
        cell["source"] = joined(cell["source"])
        if cell["cell_type"] == "markdown":
            cell["source"] = in_words(cell["source"])
        for output in cell.get("outputs", ()):
            cell["metadata"]["trusted"] = True
            for part in (output, output.get("data", {})):
                part |= {name: joined(value) for name, value in part.items() if name != "traceback"}
    return json.dumps(notebook).encode()


def lite(output: Path, address: str, packages: list[str]) -> None:
    """Build JupyterLite with the notebooks of the course."""
    with tempfile.TemporaryDirectory() as folder:
        for path, name in notebooks():
            Path(folder, "files", name).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, "files", name).write_bytes(for_the_browser(path.read_bytes()))
        Path(folder, "jupyter-lite.json").write_text(json.dumps(settings(address, packages)))
        Path(folder, "overrides.json").write_text(json.dumps(OVERRIDES))
        command = [str(Path(sys.executable).with_name("jupyter")), "lite", "build", "--lite-dir", folder]
        command += ["--contents", f"{folder}/files", "--output-dir", str(output), "--settings-overrides"]
        command += [f"{folder}/overrides.json", "--apps", "notebooks", "--apps", "lab"]
        command += ["--no-sourcemaps", "--no-unused-shared-packages"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        if done.returncode:
            raise SiteError(f"JupyterLite could not be built:\n{done.stdout}{done.stderr}")


@click.group()
def main() -> None:
    """Put Python into the built book."""


@main.command()
def lock() -> None:
    """Write tools/pyodide-lock.json from Pyodide's own."""
    files = npm_package()
    whole = json.loads(files["pyodide-lock.json"])
    core = {name: sha256(files[name]) for name in CORE}
    part = {"info": whole["info"], "core": core, "packages": closure(whole["packages"], NEEDED)}
    LOCK.write_text(json.dumps(part, indent=1) + "\n")
    click.echo(f"{LOCK.relative_to(ROOT)}: {len(part['packages'])} packages of Pyodide {PYODIDE}")


@main.command()
@click.argument("html", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--offline", is_flag=True, help="Lay the whole runtime beside the book.")
@click.option(
    "--server", default=SERVER, help="Where the files of Pyodide lie, if not offline; with a slash at its end."
)
def build(html: Path, offline: bool, server: str) -> None:
    """Put JupyterLite and our wheel, and offline the runtime, into HTML/lite."""
    output = html.resolve() / "lite"
    shutil.rmtree(output, ignore_errors=True)
    info, core, packages = json.loads(LOCK.read_text()).values()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        entries = runtime_offline(folder, core, packages) if offline else runtime_online(packages, server)
        entries |= kernel_and_course(folder)
        (folder / "pyodide-lock.json").write_text(json.dumps({"info": info, "packages": entries}))
        lite(output, "./static/runtime/" if offline else server, ["micropip", "ipython", "jedi", *KERNEL])
        shutil.copytree(folder, output / "static" / "runtime")
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    click.echo(f"{html / 'lite'}: {size / 1e6:.0f} MB, {'with' if offline else 'without'} the runtime")


@main.command("notebooks")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--repository", envvar="REPOSITORY", required=True, help="Its address, such as https://github.com/…")
@click.option("--commit", default="", help="What is installed from it.  [default: its main branch]")
def notebooks_elsewhere(folder: Path, repository: str, commit: str) -> None:
    """Write into FOLDER what the branch `notebooks` holds, which Colab, Binder and JupyterHub open."""
    if folder.exists() and any(folder.iterdir()):
        raise SiteError(f"{folder} is not empty; name a new folder.")
    source = f"git+{repository}" + (f"@{commit}" if commit else "")
    for path, name in notebooks():
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if copy.suffix == ".ipynb":
            notebook = with_installer(json.loads(path.read_text(encoding="utf-8")), source)
            copy.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        else:
            shutil.copy(path, copy)
    shutil.copytree(ROOT / ".binder", folder / ".binder")
    Path(folder, ".binder", "course").write_text(source + "\n")
    Path(folder, "README.md").write_text(ELSEWHERE.format(repository=repository))
    shutil.copy(ROOT / "LICENSE", folder)
    click.echo(f"{folder}: {len(list(folder.rglob('*.ipynb')))} notebooks that install {source}")


if __name__ == "__main__":
    main()
