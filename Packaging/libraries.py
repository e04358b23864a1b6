"""Puts the shared libraries that a binary needs beside it, but for those that every system has.

    python libraries.py BINARY FOLDER LICENSES PREFERRED
        copies and strips them, and requires that all are found; what PREFERRED has in its folders `lib` and
        `licenses` is taken before what the system has
    python libraries.py --glibc FOLDER           prints the newest version of glibc that a tree asks for
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys

# What every Linux system has in a version that serves: PEP 600's list, as far as it concerns us.
SYSTEM = re.compile(
    r"ld-linux.*|lib(c|m|dl|rt|pthread|util|gcc_s)\.so\.\d+|libstdc\+\+\.so\.6|linux-vdso.*")


def resolved(binary: pathlib.Path, preferred: pathlib.Path) -> dict[str, str]:
    text = subprocess.run(
        ["ldd", str(binary)], check=True, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "LD_LIBRARY_PATH": str(preferred.resolve())}).stdout
    found = {}
    for line in text.splitlines():
        match = re.match(r"\s*(\S+) => (\S+)", line)
        if match and not SYSTEM.fullmatch(match[1]):
            if match[2] == "not":
                sys.exit(f"error: {binary}: {match[1]} is not found")
            found[match[1]] = match[2]
    return found


def keep_license(path: pathlib.Path, folder: pathlib.Path) -> None:
    """Keeps what the package that a library comes from says of its rights, where dpkg knows it."""
    if not shutil.which("dpkg-query"):
        return
    for name in {str(path), str(path.resolve()), re.sub("^/usr", "", str(path.resolve()))}:
        text = subprocess.run(
            ["dpkg-query", "-S", name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True).stdout
        for line in text.splitlines():
            package = line.split(":")[0]
            rights = pathlib.Path("/usr/share/doc") / package / "copyright"
            if rights.exists():
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(rights, folder / package)


def glibc(tree: pathlib.Path) -> str:
    newest = (2, 17)
    for path in tree.rglob("*"):
        if not path.is_file() or path.read_bytes()[:4] != b"\x7fELF":
            continue
        text = subprocess.run(
            ["objdump", "-T", str(path)], check=True, stdout=subprocess.PIPE, text=True).stdout
        for major, minor in re.findall(r"GLIBC_(\d+)\.(\d+)", text):
            newest = max(newest, (int(major), int(minor)))
    return f"{newest[0]}.{newest[1]}"


def main() -> None:
    if sys.argv[1] == "--glibc":
        print(glibc(pathlib.Path(sys.argv[2])))
        return
    binary, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    licenses, preferred = pathlib.Path(sys.argv[3]), pathlib.Path(sys.argv[4])
    if (preferred / "licenses").is_dir():
        shutil.copytree(preferred / "licenses", licenses, dirs_exist_ok=True)
    for name, path in sorted(resolved(binary, preferred / "lib").items()):
        target = folder / name
        shutil.copyfile(path, target)
        subprocess.run(["strip", "--strip-unneeded", str(target)], check=True)
        target.chmod(0o644)
        keep_license(pathlib.Path(path), licenses)


main()
