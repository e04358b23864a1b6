#!/usr/bin/env python3
"""Writes the models of this folder that are broken on purpose. Needs nothing but Python.

Files whose names begin with `found-` are not from here: the fuzzer or a mutation found them.
"""

import pathlib

FOLDER = pathlib.Path(__file__).parent


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def field(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def model(graph, rest=b""):
    return number(1, 8) + field(7, graph) + field(8, number(2, 17)) + rest


def tensor(dims, data_type=1, rest=b""):
    return b"".join(number(1, d) for d in dims) + number(2, data_type) + field(8, "w") + rest


def initializer(*args, **kwargs):
    return model(field(5, tensor(*args, **kwargs)))


def nested(levels):
    graph = field(2, "g")
    for _ in range(levels):
        graph = field(1, field(5, field(6, graph)))
    return model(graph)


def nested_type(levels):
    content = b""
    for _ in range(levels):
        content = field(4, field(1, content))
    return content


def external(**entries):
    content = b"".join(field(13, field(1, k) + field(2, v)) for k, v in entries.items())
    return initializer([2], rest=content + number(14, 1))


MODELS = {
    "nested-graphs": nested(5000),
    "nested-types": model(field(11, field(1, "x") + field(2, nested_type(60)))),
    "length-4-gb": number(1, 8) + varint(7 << 3 | 2) + varint(1 << 32) + bytes(90),
    "length-beyond-64-bits": number(1, 8) + varint(7 << 3 | 2) + b"\xff" * 9 + b"\x7f",
    "dims-overflow": initializer([1 << 40, 1 << 40]),
    "dims-negative": initializer([-3]),
    "bytes-overflow": initializer([1 << 62], data_type=11),
    "raw-too-short": initializer([4], rest=field(9, bytes(12))),
    "raw-too-long": initializer([2], rest=field(9, bytes(12))),
    "two-payloads": initializer([1], rest=field(9, bytes(4)) + field(4, bytes(4))),
    "string-in-raw": initializer([1], data_type=8, rest=field(9, b"x")),
    "value-out-of-range": initializer([1], data_type=3, rest=field(5, varint(300))),
    "packed-cut-short": initializer([1], data_type=7, rest=field(7, b"\x80")),
    "group": number(1, 8) + varint(7 << 3 | 3) + varint(7 << 3 | 4),
    "wire-type-7": number(1, 8) + b"\x3f\x00",
    "field-number-0": number(1, 8) + b"\x02\x00",
    "no-graph": number(1, 8),
    "two-producers": model(
        field(1, field(2, "y") + field(4, "Abs")) + field(1, field(2, "y") + field(4, "Abs"))
    ),
    "names-not-utf8": model(
        field(1, field(1, b"\xff\xfe") + field(2, b"y\x00\x1b") + field(4, b"Re\xc3lu"))
        + field(2, b"\xed\xa0\x80") + field(11, field(1, b"\xff\xfe"))
        + field(12, field(1, b"y\x00\x1b"))
    ),
    "external-absolute": external(location="/etc/passwd"),
    "external-parent": external(location="../elements.bin"),
    "external-missing": external(location="nowhere.bin"),
    "external-offset": external(location="elements.bin", offset="9000000000000000000"),
    "external-length": external(location="elements.bin", length="4"),
    "external-checksum": external(location="elements.bin", length="8", checksum="0" * 40),
    "cycle": model(
        field(1, field(1, "b") + field(2, "a") + field(4, "Abs"))
        + field(1, field(1, "a") + field(2, "b") + field(4, "Abs")) + field(12, field(1, "b"))
    ),
}

(FOLDER / "elements.bin").write_bytes(bytes(range(8)))
for name, content in MODELS.items():
    (FOLDER / f"{name}.onnx").write_bytes(content)
