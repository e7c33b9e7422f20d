"""Formulas as MathML, made by docutils: browsers draw it themselves, so pages need no script and no network."""

from __future__ import annotations

import html
import re
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

SPELT = ((r"\texttt", r"\text"), (r"\dots", r"\ldots"), (r"\Big(", r"\Bigl("), (r"\Big)", r"\Bigr)"))
ACCENTS = ("\N{MODIFIER LETTER MACRON}", "\N{MODIFIER LETTER CIRCUMFLEX ACCENT}", "\N{SMALL TILDE}", "^", "~")
NAMESPACE = "http://www.w3.org/1998/Math/MathML"
ElementTree.register_namespace("", NAMESPACE)


def mathml(formula: str, *, block: bool) -> str:
    """One formula; commands that docutils does not know are told in its own."""
    for theirs, ours in SPELT:
        formula = formula.replace(theirs, ours)
    text = re.sub(r"&(?!lt;|gt;|amp;)\w+;", lambda found: html.unescape(found[0]), tex2mathml(formula, as_block=block))
    tree = ElementTree.fromstring(text)
    for element in tree.iter(f"{{{NAMESPACE}}}munderover"):
        accented(element)
    return ElementTree.tostring(tree, encoding="unicode", short_empty_elements=False)


def accented(element: ElementTree.Element) -> None:
    r"""Put the index of `\bar x_i` behind the letter: docutils puts it below, as that of a sum."""
    base, index, accent = element
    if accent.tag.endswith("}mo") and accent.text in ACCENTS:
        letter = ElementTree.Element(f"{{{NAMESPACE}}}mover")
        letter.extend([base, accent])
        element.tag = f"{{{NAMESPACE}}}msub"
        element[:] = [letter, index]


def inline(writer: Any, node: nodes.math) -> None:
    """`$...$`."""
    writer.body.append(mathml(node.astext(), block=False))
    raise nodes.SkipNode


def block(writer: Any, node: nodes.math_block) -> None:
    """A formula on lines of its own."""
    writer.body.append(f'<div class="math">{mathml(node.astext(), block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer; `html_math_renderer` chooses it."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
