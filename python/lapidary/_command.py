"""Runs the command, and turns what it says of errors into exceptions."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from typing import Any, Dict, List, Optional, Sequence

_VERSION = "0.1.0"


def version() -> str:
    """The version of this package."""
    return _VERSION


class Error(Exception):
    """What the command could not do.

    Attributes:
        code: the kind of trouble: ``file``, ``malformed``, ``invalid``, ``unsupported``, ``request``,
            ``verification``, ``limit``, ``usage`` for wrong options, ``killed`` for a signal.
        place: where it was found, from the outside in: files, passes, nodes.
        hint: what to do about it, where that is known.
        status: the command's exit status.
    """

    def __init__(
        self, message: str, code: str = "request", place: Sequence[str] = (),
        hint: Optional[str] = None, status: int = 2,
    ) -> None:
        where = "".join(f"{note}: " for note in place)
        super().__init__(where + message + (f" (hint: {hint})" if hint else ""))
        self.message = message
        self.code = code
        self.place: List[str] = list(place)
        self.hint = hint
        self.status = status


def find_binary() -> str:
    """The path of the command: ``$LAPIDARY_BINARY``, that of this installation, or one on the path."""
    given = os.environ.get("LAPIDARY_BINARY")
    if given:
        return given
    folders = [sysconfig.get_path("scripts")]
    user = f"{os.name}_user"
    if user in sysconfig.get_scheme_names():
        folders.append(sysconfig.get_path("scripts", user))
    # `pip install --target` and `--prefix` put scripts beside the packages.
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders.append(os.path.join(package, "bin"))
    folders.append(os.path.join(os.path.dirname(sys.executable)))
    for folder in folders:
        path = os.path.join(folder, "lapidary")
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    found = shutil.which("lapidary")
    if found:
        return found
    raise Error("expected the command 'lapidary' in this installation, found none", code="file")


def _error(status: int, text: str) -> Error:
    if status < 0:
        return Error(f"the command was ended by signal {-status}", code="killed", status=status)
    start = text.find("{")
    if start >= 0:
        try:
            found: Dict[str, Any] = json.JSONDecoder().raw_decode(text, start)[0]["error"]
            return Error(
                found["message"], found["code"], found.get("place", ()), found.get("hint"), status)
        except (ValueError, KeyError):
            pass
    return Error(text.strip() or f"the command ended with status {status}",
                 code="usage" if status == 64 else "request", status=status)


def call(arguments: Sequence[str], allowed: Sequence[int] = (0,)) -> "Outcome":
    """Runs the command.

    Raises:
        Error: where its status is none of those allowed. When this process is interrupted the command
            is ended first.
    """
    environment = dict(os.environ, LAPIDARY_ERRORS="json")
    child = subprocess.Popen(
        [find_binary(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=environment)
    try:
        output, errors = child.communicate()
    except BaseException:
        # Its own handler removes files that are not finished.
        child.send_signal(signal.SIGINT)
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        raise
    if child.returncode not in allowed:
        raise _error(child.returncode, errors.decode("utf-8", "replace"))
    return Outcome(child.returncode, output.decode("utf-8", "replace"))


class Outcome:
    """What a run of the command came to."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text

    @property
    def report(self) -> Dict[str, Any]:
        """Its report, as data."""
        found: Dict[str, Any] = json.loads(self.text)
        return found
