"""The reference of C and C++ headers, from their declarations and comments, in Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

INCLUDE = Path(__file__).parents[2] / "csrc" / "include" / "motes"

C_PIECE = re.compile(
    r"""
    (?P<comment>/\*.*?\*/)
  | (?P<function>^MOTES_API\ [^;]+;)
  | (?P<inline>static\ inline\ [^{]+)\{.*?^\}
  | (?P<opaque>typedef\ struct\ \w+\ \w+;)
  | (?P<type>typedef\ (?:struct|enum)\ \{.*?\}\ \w+;)
  | (?P<macro>^\#define\ MOTES_(?!H\b|API\b|TEXT|CUDA_H\b)[^\n]*)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
CPP_PIECE = re.compile(
    r"""
    (?P<comment>(?:^//[^\n]*\n)*)
    (?P<head>^(?:template|inline|class|struct)\b(?:[^{]|\{\})*?)\ \{(?!\})(?P<body>.*?)^\}
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def reference(name: str) -> str:
    """Everything that a header declares: of `motes.h`, or of `sweep.hpp`."""
    text = (INCLUDE / name).read_text(encoding="utf-8")
    return "\n\n".join(c(text) if name.endswith(".h") else cpp(text))


def page_of(name: str) -> str:
    """Where on the site the reference of a header stands."""
    return {"motes.h": "c.md", "motes_cuda.h": "cuda.md"}.get(name, f"cpp.md#{name.replace('.', '')}")


def c(text: str) -> Iterator[str]:
    """Declarations of a C header, each with the comment before it, or behind it on its line."""
    text = re.sub(r"#define MOTES_INT.*\n| MOTES_INT", "", text)  # how C++ spells enums: nothing to be used
    told, told_until = "", -1
    pieces = list(C_PIECE.finditer(text))
    for number, piece in enumerate(pieces):
        if piece["comment"]:
            if number == 0:
                yield prose(piece["comment"])
            elif section := re.match(r"/\* (\w+)(?:: motes/(\w+\.hpp))? -{9,}", piece["comment"]):
                formulas = f"\n\nFormulas, shapes, units, errors: [`{section[2]}`](cpp.md)." if section[2] else ""
                yield f"## {section[1].capitalize()}{formulas}"
            told, told_until = prose(piece["comment"]), piece.end()
            continue
        before = told if text[told_until : piece.start()] == "\n" else ""
        following = pieces[number + 1] if number + 1 < len(pieces) else None
        behind = following and following["comment"] and re.fullmatch(r" +", text[piece.end() : following.start()])
        after = prose(following["comment"]) if following and behind else ""
        yield declaration(piece, before or after)


def declaration(piece: re.Match[str], told: str) -> str:
    """One declaration as a directive of the C domain."""
    source = piece[0]
    if piece["function"] or piece["inline"]:
        head = " ".join((piece["function"] or piece["inline"]).removeprefix("MOTES_API ").rstrip("; ").split())
        return directive("c:function", head, told)
    if piece["macro"]:
        head = re.match(r"#define (\w+(?:\([^)]*\))?)", source)
        assert head
        return directive("c:macro", head[1], told or f"`{source.removeprefix('#define ' + head[1]).strip()}`")
    name = re.search(r"(\w+);$", source)
    assert name
    shown = "" if piece["opaque"] else f"```c\n{source}\n```"
    return directive("c:type", name[1], f"{told}\n\n{shown}".strip())


def cpp(text: str) -> Iterator[str]:
    """The comment at the head of a C++ header, and its functions and classes but for what is in `detail`."""
    opening = re.match(r"(?://[^\n]*\n)+", text)
    assert opening
    yield f"```text\n{uncommented(opening[0])}\n```"
    public = re.sub(r"^namespace detail \{.*?^\}  // namespace detail\n", "", text, flags=re.DOTALL | re.MULTILINE)
    for piece in CPP_PIECE.finditer(public, opening.end()):
        head = " ".join(piece["head"].removeprefix("inline ").split())
        told = markdown(uncommented(piece["comment"]))
        if of_class := re.match(r"(template <.*?> )?(?:class|struct) (\w+)", head):
            template, name = of_class.groups("")
            source = f"```cpp\n{piece['head']} {{{piece['body']}}};\n```"
            yield directive("cpp:class", f"{template}motes::{name}", f"{told}\n\n{source}".strip())
        else:
            yield directive("cpp:function", re.sub(r"(\w+\()", r"motes::\1", head, count=1), told)


def directive(kind: str, head: str, body: str) -> str:
    """A directive whose body may hold fences."""
    return f"````{{{kind}}} {head}\n\n{body}\n````"


def prose(comment: str) -> str:
    """A comment of C as paragraphs."""
    return markdown(textwrap.dedent(re.sub(r"^ ?\* ?", "", comment[2:-2].strip(), flags=re.MULTILINE)))


def uncommented(lines: str) -> str:
    """Lines of `//` without it."""
    return re.sub(r"^// ?", "", lines, flags=re.MULTILINE).rstrip()


def markdown(text: str) -> str:
    """Text in which only what is between backticks means something to Markdown."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*<\\])", r"\\\1", part) for part in parts)
