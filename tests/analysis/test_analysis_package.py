"""The package as somebody installs it: pip install ./analysis in an environment of its own, then README's lines."""
import os
import re
import shutil
import subprocess
import sys
import unittest

ANALYSIS, RUNS, WORK = (os.environ[name] for name in ("ANALYSIS", "RUNS", "WORK"))
SNIPPET = """
import fgad
run = fgad.Run({run!r})
row = run.task_rows()[0]
with run.task(row) as task:
    assert task.maps().shape[0] == len(task.paths) == len(task.labels) == len(task.scores)
    assert task.full_map(0).ndim == 2
    assert task.images({data!r}).image(task.paths[0]).shape[2] == 3
    first = int(task.labels.argmax())
    assert task.images({data!r}).mask(first).any()
paths = [figure.save({folder!r}) for figure in run.figures("histograms", category="tablet")]
assert len(paths) == 1, paths
try:
    table = run.table()
    assert len(table) == len(run.task_rows()) and table.image_auroc.between(0, 1).all()
    print("table", len(table))
except fgad.Problem as problem:
    assert "pandas" in str(problem), problem
for wrong in ({{"kind": "nonsense"}}, {{"kind": "curves", "colour": "red"}}):
    try:
        run.figures(**wrong)
        raise SystemExit("not refused")
    except fgad.Problem:
        pass
print(fgad.__file__)
"""


class Package(unittest.TestCase):
    def test_installed_package_reads_a_run(self):
        shutil.rmtree(WORK, ignore_errors=True)
        os.makedirs(WORK)
        source, place = os.path.join(WORK, "source"), os.path.join(WORK, "venv")
        shutil.copytree(ANALYSIS, source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
        python = os.path.join(place, "bin", "python")
        for command in (
            [sys.executable, "-m", "venv", "--system-site-packages", place],
            [python, "-m", "pip", "install", "-q", "--no-build-isolation", "--no-deps", "--no-index", source],
        ):
            try:
                subprocess.run(command, check=True, capture_output=True, text=True)
            except (OSError, subprocess.CalledProcessError) as error:
                told = (getattr(error, "stderr", "") or getattr(error, "stdout", "") or str(error)).strip().splitlines()
                if any(word in " ".join(told) for word in ("ensurepip", "No module named", "setuptools", "Cannot import")):
                    self.skipTest(f"no pip with setuptools here: {told[-1]}")
                raise AssertionError("\n".join(told)) from None
        code = SNIPPET.format(
            run=os.path.join(RUNS, "swept"), data=os.path.join(RUNS, "data"), folder=os.path.join(WORK, "figures")
        )
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run([python, "-c", code], cwd=WORK, capture_output=True, text=True, env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.splitlines()[-1].startswith(place), done.stdout)
        # The lines of README as they stand there, where they say: beside results/demo.
        with open(os.path.join(ANALYSIS, "README.md")) as file:
            lines = re.search(r"```python\n(.*?)```", file.read(), re.S).group(1)
        os.makedirs(os.path.join(WORK, "results"))
        os.symlink(os.path.join(RUNS, "swept"), os.path.join(WORK, "results", "demo"))
        if "table " not in done.stdout:
            lines = re.sub(r"(?m)^print\(run.table\(\).*$", "", lines)  # pandas is not here
        done = subprocess.run([python, "-c", lines], cwd=WORK, capture_output=True, text=True, env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(os.path.getsize(os.path.join(WORK, done.stdout.splitlines()[-1])) > 1000, done.stdout)
        told = subprocess.run(
            [os.path.join(place, "bin", "fgad-report"), "--help"], capture_output=True, text=True, env=environment
        )
        self.assertEqual(told.returncode, 0, told.stderr)


if __name__ == "__main__":
    unittest.main()
