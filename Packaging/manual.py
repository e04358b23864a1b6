"""Writes a manual page for the command and one for each subcommand, from what its parser knows.

    lapidary --experimental-dump-help | python manual.py VERSION FOLDER
"""

from __future__ import annotations

import json
import pathlib
import sys
import time
import os


def escaped(text: str) -> str:
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in lines)


def names(argument: dict) -> str:
    words = []
    for name in argument.get("names", []):
        words.append(("-" if name["kind"] == "short" else "--") + name["name"])
    return ", ".join(words)


def page(command: dict, path: list[str], version: str, others: list[str]) -> str:
    title = "-".join(path)
    date = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", "0"))))
    out = [f'.TH "{title.upper()}" 1 "{date}" "lapidary {version}"', ".SH NAME"]
    out.append(escaped(f"{title} - {command.get('abstract', '')}"))
    out.append(".SH SYNOPSIS")
    arguments = [a for a in command.get("arguments", []) if a.get("shouldDisplay", True)]
    positional = [a for a in arguments if a["kind"] == "positional"]
    words = [f"\\fB{' '.join(path)}\\fR"]
    for argument in positional:
        value = f"\\fI{escaped(argument.get('valueName', ''))}\\fR"
        words.append(f"[{value}]" if argument.get("isOptional") else value)
    if len(arguments) > len(positional):
        words.append("[\\fIoptions\\fR]")
    if command.get("subcommands"):
        words.append("\\fIcommand\\fR")
    out.append(" ".join(words))
    if command.get("discussion"):
        paragraphs = [escaped(part) for part in command["discussion"].split("\n\n")]
        out += [".SH DESCRIPTION", "\n.PP\n".join(paragraphs)]
    section = ""
    for argument in positional + [a for a in arguments if a["kind"] != "positional"]:
        title_ = "ARGUMENTS" if argument["kind"] == "positional" else "OPTIONS"
        if title_ != section:
            out.append(f".SH {title_}")
            section = title_
        head = names(argument) or argument.get("valueName", "")
        if argument["kind"] == "option":
            head += f" <{argument.get('valueName', 'value')}>"
        out += [".TP", f"\\fB{escaped(head)}\\fR"]
        text = argument.get("abstract") or ""
        if argument.get("discussion"):
            text += "\n" + argument["discussion"]
        if argument.get("defaultValue"):
            text += f" (default: {argument['defaultValue']})"
        out.append(escaped(text))
    subcommands = [
        c for c in command.get("subcommands", [])
        if c["commandName"] != "help" and c.get("shouldDisplay", True)]
    if subcommands:
        out.append(".SH COMMANDS")
        for sub in subcommands:
            out += [".TP", f"\\fB{escaped('-'.join(path + [sub['commandName']]))}\\fR(1)"]
            out.append(escaped(sub.get("abstract", "")))
    out += [".SH EXIT STATUS", "0 fine, 1 differs or failed verification, 2 trouble, 64 wrong usage."]
    if others:
        out += [".SH SEE ALSO", ", ".join(f"\\fB{escaped(o)}\\fR(1)" for o in others)]
    return "\n".join(out) + "\n"


def main() -> None:
    version, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    root = json.load(sys.stdin)["command"]
    name = root["commandName"]
    (folder / f"{name}.1").write_text(page(root, [name], version, []))
    for sub in root.get("subcommands", []):
        if sub["commandName"] == "help" or not sub.get("shouldDisplay", True):
            continue
        path = [name, sub["commandName"]]
        (folder / f"{'-'.join(path)}.1").write_text(page(sub, path, version, [name]))


main()
