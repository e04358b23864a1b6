"""Packs a wheel by hand: nothing is compiled here, and the same files give the same bytes.

    python wheel.py ROOT TREE VERSION FOLDER
"""

from __future__ import annotations

import base64
import hashlib
import os
import pathlib
import platform
import struct
import subprocess
import sys
import time
import zipfile
import zlib

import deflate

# The wheel stays below the first, so that it is no burden on a CI job; with the system's oneDNN, which may have
# kernels for graphics processors, it does not, and must not reach the second.
GOAL, LIMIT = 20_000_000, 30_000_000


def metadata(root: pathlib.Path, version: str) -> str:
    readme = (root / "Packaging" / "PYPI.md").read_text()
    return f"""Metadata-Version: 2.1
Name: lapidary
Version: {version}
Summary: Makes ONNX models smaller and faster as files, and proves each step
License: Apache-2.0
Requires-Python: >=3.9
Provides-Extra: api
Requires-Dist: numpy>=1.21; extra == 'api'
Requires-Dist: onnx>=1.12; extra == 'api'
Description-Content-Type: text/markdown

{readme}"""


def zipped(files: list[tuple[str, bytes, int]], date: tuple[int, ...]) -> bytes:
    """An archive of files, packed as libdeflate does it: 4 % smaller than zlib's, and the same method.

    `zipfile` cannot take what is packed already, so that the archive is written here, without what large
    files and comments need.
    """
    day = (date[0] - 1980) << 9 | date[1] << 5 | date[2]
    moment = date[3] << 11 | date[4] << 5 | date[5] // 2
    body, directory = bytearray(), bytearray()
    for path, content, mode in files:
        packed, name = bytes(deflate.deflate_compress(content, 12)), path.encode()
        facts = struct.pack(
            "<HHHHHIIIHH", 20, 0x800, 8, moment, day, zlib.crc32(content), len(packed), len(content),
            len(name), 0)
        directory += (
            b"PK\1\2" + struct.pack("<H", 3 << 8 | 20) + facts
            + struct.pack("<HHHII", 0, 0, 0, (0o100000 | mode) << 16, len(body)) + name)
        body += b"PK\3\4" + facts + name + packed
    end = struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(directory), len(body), 0)
    return bytes(body + directory + b"PK\5\6" + end)


def main() -> None:
    root, tree = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    version, folder = sys.argv[3], pathlib.Path(sys.argv[4])
    glibc = subprocess.run(
        [sys.executable, str(root / "Packaging" / "libraries.py"), "--glibc", str(tree)],
        check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    tag = f"py3-none-manylinux_{glibc.replace('.', '_')}_{platform.machine()}"
    name = f"lapidary-{version}"
    files: list[tuple[str, bytes, int]] = []
    for path in sorted((root / "python" / "lapidary").iterdir()):
        if path.suffix in {".py", ".typed"} or path.name == "py.typed":
            files.append((f"lapidary/{path.name}", path.read_bytes(), 0o644))
    files.append((f"{name}.data/scripts/lapidary", (tree / "bin/lapidary").read_bytes(), 0o755))
    for path in sorted((tree / "lib/lapidary").iterdir()):
        files.append((f"{name}.data/data/lib/lapidary/{path.name}", path.read_bytes(), 0o644))
    for path in sorted((tree / "share/man/man1").iterdir()):
        files.append((f"{name}.data/data/share/man/man1/{path.name}", path.read_bytes(), 0o644))
    info = f"{name}.dist-info"
    files.append((f"{info}/METADATA", metadata(root, version).encode(), 0o644))
    files.append((
        f"{info}/WHEEL",
        f"Wheel-Version: 1.0\nGenerator: lapidary\nRoot-Is-Purelib: false\nTag: {tag}\n".encode(),
        0o644))
    files.append((f"{info}/licenses/LICENSE", (root / "LICENSE").read_bytes(), 0o644))
    for path in sorted((tree / "share/doc/lapidary/licenses").glob("*")):
        files.append((f"{info}/licenses/{path.name}", path.read_bytes(), 0o644))
    record = []
    for path, content, _ in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record.append(f"{path},sha256={digest},{len(content)}\n")
    record.append(f"{info}/RECORD,,\n")
    files.append((f"{info}/RECORD", "".join(record).encode(), 0o644))
    date = time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), 315_532_800))[:6]
    target = folder / f"{name}-{tag}.whl"
    target.write_bytes(zipped(files, date))
    with zipfile.ZipFile(target) as archive:
        broken = archive.testzip()
        if broken:
            sys.exit(f"error: {target}: expected files that unpack to what was packed, found {broken}")
    size = target.stat().st_size
    print(f"{target} ({size / 1e6:.1f} MB)")
    if size > LIMIT:
        sys.exit(f"error: expected a wheel below {LIMIT / 1e6:.0f} MB, found {size / 1e6:.1f} MB")
    if size > GOAL:
        print(f"note: the goal is {GOAL / 1e6:.0f} MB", file=sys.stderr)


main()
