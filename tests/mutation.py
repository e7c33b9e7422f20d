"""Files changed at random, as a fuzzer does it: bytes, words, pieces; in archives too, with their sums set right."""

from __future__ import annotations

import io
import zipfile

import numpy as np

_NUMBERS = (b"nan", b"inf", b"-1", b"0", b"1e308", b"9999999999", b"9" * 400, b"9" * 5000, "\u0661".encode())
_SPACES = (b"\n", b"\r\n", b"\r", b"\0", b"\t", b" ", b"\xef\xbb\xbf", b"\x80", b"\xff" * 4, b"\x00\x00\x00\x7f")
_STAR = (b"loop_", b"data_", b"data_optics\n", b"_", b"<NA>", b"'", b'"', b"#", b",")
_NPY = (b"(2,)", b"'<f8'", b"'O'", b"(", b"[" * 200)
_JSON = (b"[" * 5000, b"{", b"}", b"[]", b"{}", b"null", b"true", b'""', b'"version": 1,', b":", b"../", b"\\ud800")
WORDS = _NUMBERS + _SPACES + _STAR + _NPY + _JSON


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """A file with one to four changes: bytes, words, pieces left out, doubled or moved, the end cut."""
    for _ in range(rng.integers(1, 5)):
        at, to = sorted(rng.integers(0, len(data) + 1, 2).tolist())
        piece = data[at : min(to, at + 200)]
        kind = rng.integers(6)
        if kind == 0 and len(data):
            changed = bytearray(data)
            changed[min(at, len(data) - 1)] = int(rng.choice([rng.integers(256), 0, 1, 127, 128, 255]))
            data = bytes(changed)
        elif kind == 1:
            word = WORDS[rng.integers(len(WORDS))]
            data = data[:at] + word + data[at + (len(word) if rng.integers(2) else 0) :]
        elif kind == 2:
            data = data[:at] + data[at + len(piece) :]
        elif kind == 3:
            data = data[:at] + piece * int(rng.integers(2, 5)) + data[at:]
        elif kind == 4:
            data = data[at:] + data[:at] if rng.integers(8) == 0 else data
        elif rng.integers(4) == 0:
            data = data[:at]
    return data


def mutated_inside(data: bytes, rng: np.random.Generator) -> bytes:
    """An archive (zip) one of whose members is changed, left out or given to another: nothing but reading it tells."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
        stored = all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
    names = sorted(members)
    name, other = (names[rng.integers(len(names))] for _ in range(2))
    kind = rng.integers(12)
    if kind == 0:
        del members[name]
    elif kind == 1:
        members[name] = members[other]
    else:
        members[name] = mutated(members[name], rng)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(zipfile.ZipInfo(member), content, archive.compression)
    return buffer.getvalue()


def changed_file(data: bytes, rng: np.random.Generator) -> bytes:
    """Either of the two, where the file is an archive."""
    return mutated_inside(data, rng) if data.startswith(b"PK") and rng.integers(3) else mutated(data, rng)
