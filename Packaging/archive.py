"""Lays out the files of a commit as `git archive` has them, and touches only what differs.

    python archive.py REPOSITORY COMMIT FOLDER
"""

import io
import pathlib
import subprocess
import sys
import tarfile


def main() -> None:
    repository, commit, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    packed = subprocess.run(
        ["git", "-C", repository, "archive", commit], check=True, stdout=subprocess.PIPE).stdout
    wanted = set()
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            path = folder / member.name
            if member.isdir():
                path.mkdir(parents=True, exist_ok=True)
                continue
            wanted.add(path)
            file = archive.extractfile(member)
            if file is None:
                continue
            content = file.read()
            if not path.exists() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                path.chmod(member.mode)
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and path not in wanted and parts[0] not in {".build", "Package.resolved"}:
            path.unlink()


main()
