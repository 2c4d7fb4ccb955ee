"""Unpacks from TensorFlow's wheel (argument 1) what tfjs-node needs into a folder (argument 2), piece by piece.

The two libraries go to deps/lib, the headers of the C interface to include. Python reads the zip because Python with
pip is what fetched it.
"""

import os
import shutil
import sys
import zipfile

LIBRARIES = ("tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2")
HEADERS = "tensorflow/include/"
C_INTERFACE = ("tensorflow/c/", "tsl/c/", "tensorflow/core/platform/ctstring", "tensorflow/tsl/platform/ctstring",
               "tsl/platform/ctstring")
PIECE_BYTES = 1 << 20


def place_of(name):
    if name in LIBRARIES:
        return "deps/lib/" + os.path.basename(name)
    if name.startswith(HEADERS) and name[len(HEADERS):].startswith(C_INTERFACE) and name.endswith(".h"):
        return "include/" + name[len(HEADERS):]
    return None


def main(wheel, folder):
    found = 0
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            place = place_of(entry.filename)
            if place is None:
                continue
            path = os.path.join(folder, place)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(entry) as source, open(path, "wb") as target:
                shutil.copyfileobj(source, target, PIECE_BYTES)
            found += entry.filename in LIBRARIES
    if found != len(LIBRARIES):
        sys.exit("error: the wheel lacks " + " or ".join(LIBRARIES))


main(sys.argv[1], sys.argv[2])
