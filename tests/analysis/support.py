"""For the tests of analysis/: calling scripts, changing copies of runs."""
import contextlib
import hashlib
import io
import os
import runpy
import shutil
import sys

ANALYSIS, RUNS, WORK = (os.environ[name] for name in ("ANALYSIS", "RUNS", "WORK"))
sys.path.insert(0, ANALYSIS)


def run_path(name):
    return os.path.join(RUNS, name)


def start():
    """An empty working folder."""
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)


def script(name, *arguments):
    """(exit code, lines of output, lines of errors). Runs in this process: loading matplotlib takes longer than most
    scripts do."""
    out, errors, code = io.StringIO(), io.StringIO(), 0
    argv, folder = sys.argv, os.getcwd()
    sys.argv = [os.path.join(ANALYSIS, name), *arguments]
    os.chdir(WORK)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.argv = argv
        os.chdir(folder)
    return code, out.getvalue().splitlines(), errors.getvalue().splitlines()


def copy(name, to):
    """A copy of a run that a test may change."""
    target = os.path.join(WORK, to)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(run_path(name), target)
    return target


def seal(path):
    """Gives a changed file the SHA-256 of its bytes, as a forger would."""
    with open(path, "rb") as file:
        data = file.read()
    line = b"fgad: HDF5 from byte 512 on, with SHA-256 " + hashlib.sha256(data[512:]).hexdigest().encode() + b"\n"
    with open(path, "wb") as file:
        file.write(line.ljust(512, b"\0") + data[512:])


def edit(path, before, after, count=1):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert before in text, (path, before)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(before, after, count))
