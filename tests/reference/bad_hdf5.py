"""HDF5 files that fgad must refuse: sealed as its own, but with what its own never hold; into tests/bad/hdf5/.

usage: bad_hdf5.py OUT     (h5py 3.7, HDF5 1.10.8)
"""
import hashlib
import os
import sys

import h5py
import numpy as np

out = sys.argv[1]
os.makedirs(out, exist_ok=True)


def seal(path):
    with open(path, "rb") as file:
        data = file.read()
    digest = hashlib.sha256(data[512:]).hexdigest()
    with open(path, "wb") as file:
        file.write(f"fgad: HDF5 from byte 512 on, with SHA-256 {digest}\n".encode().ljust(512, b"\0") + data[512:])


def make(name, fill, sealed=True, **how):
    path = os.path.join(out, name + ".h5")
    with h5py.File(path, "w", userblock_size=512 if sealed else 0, **how) as file:
        fill(file)
    if sealed:
        seal(path)


def change(name, source, edit):
    """A copy of a file with bytes changed behind its user block, sealed again."""
    with open(os.path.join(out, source + ".h5"), "rb") as file:
        data = bytearray(file.read())
    edit(data)
    path = os.path.join(out, name + ".h5")
    with open(path, "wb") as file:
        file.write(data)
    seal(path)


def plain(file):
    file.create_dataset("values", data=np.arange(6, dtype="<f4"))


def chunked(file):
    file.create_dataset("values", data=np.arange(60, dtype="<f4").reshape(6, 10), chunks=(2, 10), shuffle=True, compression=1)


def external_storage(file):
    dtype = h5py.h5t.IEEE_F32LE
    space = h5py.h5s.create_simple((6,))
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_external(b"/etc/passwd", 0, 24)
    h5py.h5d.create(file.id, b"values", dtype, space, plist)


def virtual(file):
    layout = h5py.VirtualLayout(shape=(6,), dtype="<f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "values", shape=(6,))
    file.create_virtual_dataset("values", layout)


def soft(file):
    plain(file)
    file["values"].id  # the target
    file.move("values", "there")
    file["values"] = h5py.SoftLink("/there")


def external_link(file):
    file["values"] = h5py.ExternalLink("/etc/passwd", "/values")


def circle(file):
    group = file.create_group("values")
    group["again"] = file["values"]


def wide(file):
    file.create_dataset("values", shape=(1 << 40,), dtype="<f4", chunks=(1 << 20,))


def find(data, what, start=512):
    at = bytes(data).find(what, start)
    assert at > 0, what
    return at


def into_itself(data):
    """The only child of the group's tree of names is the tree itself, a level up for ever."""
    at = find(data, b"TREE\0")
    data[at + 5] = 1
    data[at + 32 : at + 40] = (at - 512).to_bytes(8, "little")


def rows(data):
    """More rows than the layout has bytes for."""
    at = find(data, b"\x01\x01\x01\0\0\0\0\0" + (6).to_bytes(8, "little"))
    data[at + 8 : at + 16] = (600).to_bytes(8, "little")


def no_chunk(data):
    at = find(data, b"TREE\1")
    data[at + 6] -= 1


def packed(data):
    """A chunk whose stream is cut."""
    at = find(data, b"TREE\1")
    data[at + 24] -= 3


make("unsealed", plain, sealed=False)
make("plain", plain)
make("chunked", chunked)
make("external_storage", external_storage)
make("virtual", virtual, libver="latest")
make("soft", soft)
make("external_link", external_link)
make("circle", circle)
make("wide", wide)
change("into_itself", "plain", into_itself)
change("rows", "plain", rows)
change("no_chunk", "chunked", no_chunk)
change("packed", "chunked", packed)
