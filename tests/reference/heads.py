"""A task file with its learned heads, wherever they lie: inside (format 1), or one file an id in the folder of the run."""
import os

import h5py


class Task:
    """As the h5py.File of the task, and prompts/<head> of the files that its group heads names."""

    def __init__(self, path):
        self.file = h5py.File(path, "r")
        self.attrs = self.file.attrs
        self.heads = {}
        folder = os.path.dirname(os.path.abspath(path))
        run, place = os.path.join(folder, "..", "..", ".."), os.path.join(*folder.split(os.sep)[-2:])
        for name, value in self.file["heads"].attrs.items() if "heads" in self.file else ():
            if name != "description":
                value = value.decode() if isinstance(value, bytes) else str(value)
                self.heads[name] = h5py.File(os.path.join(run, "heads", place, value + ".h5"), "r")

    def names(self):
        return list(self.heads) or list(self.file.get("prompts", ()))

    def __getitem__(self, name):
        head = name.split("/")[1] if name.startswith("prompts/") else None
        return self.heads.get(head, self.file)[name]

    def __contains__(self, name):
        head = name.split("/")[1] if name.startswith("prompts/") else None
        return name in self.heads.get(head, self.file)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for file in [self.file, *self.heads.values()]:
            file.close()
