"""Code in text that is a public name becomes a link to its description."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

NAME = re.compile(r"(?:motes\.)?[A-Za-z_]\w*(?:\.\w+)*")
logger = logging.getLogger(__name__)


class NamesToLinks(SphinxPostTransform):
    """`motes.reconstruct`, `Patterns.from_coo`, `limits.plan`, with or without what follows in brackets."""

    default_priority = 400

    def run(self, **kwargs: Any) -> None:
        """Link the literals of one page."""
        for literal in list(self.document.findall(nodes.literal)):
            if not any(isinstance(above, nodes.reference | nodes.title) for above in ancestors(literal)):
                self.link(literal)

    def link(self, literal: nodes.literal) -> None:
        """Put a reference about one literal, if it is a name."""
        text = literal.astext()
        name = NAME.match(text)
        if not name or text[name.end() :][:1] not in ("", "("):
            return
        found = find(self.env, name[0], literal)
        if found:
            where, anchor, full = found
            reference = make_refnode(self.app.builder, self.env.docname, where, anchor, literal.deepcopy(), full)
            literal.replace_self(reference)
        elif re.fullmatch(r"motes(\.[A-Za-z]\w*)+", text) and text not in self.config.names_without_page:
            logger.warning("%s is no public name", text, location=literal)


def ancestors(node: nodes.Node) -> list[nodes.Node]:
    """From the parent up."""
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found


def find(env: Any, name: str, near: nodes.Node) -> tuple[str, str, str] | None:
    """Page, anchor and full name of what a name means there."""
    objects = env.get_domain("py").objects
    candidates = [name if name.startswith("motes.") else f"motes.{name}"] if "." in name or name[0].isupper() else []
    for above in ancestors(near):
        if isinstance(above, addnodes.desc) and above.get("domain") == "py":
            head = above[0]
            owner = head.get("class") or (head.get("fullname") if above["objtype"] == "class" else "")
            own, module = head.get("fullname", ""), head.get("module", "")
            if name in (own, own.rpartition(".")[2]):
                return None  # itself
            if owner and "." not in name:
                candidates.append(f"{module}.{owner}.{name}")
            if name[0].isupper() or "." in name:
                candidates.append(f"{module}.{name}")
            break
    if name[0].isupper():  # a class is named without its module where there is one of this name
        alike = [full for full in objects if full.endswith(f".{name}") and full.count(".") == 2 + name.count(".")]
        candidates += alike if len(alike) == 1 else []
    for full in candidates:
        if full in objects:
            return objects[full].docname, objects[full].node_id, full
    return None


def words(app: Sphinx, document: nodes.document) -> None:
    """Words of types in docstrings, each of which Sphinx takes for a class: only names of ours stay references."""
    for field in document.findall(nodes.field_list):
        for text in [
            text for text in field.findall(nodes.Text) if text.startswith(" -- ")
        ]:  # between a type and its text
            text.parent.replace(text, nodes.Text(text.replace(" -- ", " \N{EN DASH} ", 1)))
        for node in list(field.findall(addnodes.pending_xref)):
            if node["refdomain"] == "py" and not re.fullmatch(r"(motes\.)?([a-z]\w*\.)*[A-Z]\w+", node["reftarget"]):
                node.replace_self(node.children)


def types(app: Sphinx, env: Any, node: addnodes.pending_xref, content: nodes.Node) -> nodes.Node | None:
    """What is left of them: a link, or text, as for a class of NumPy."""
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or target.startswith("motes."):
        return None
    found = find(env, target, node) if NAME.fullmatch(target) and target[0].isupper() else None
    if found:
        where, anchor, full = found
        return make_refnode(app.builder, node["refdoc"], where, anchor, content, full)
    return content


def setup(app: Sphinx) -> dict[str, Any]:
    """Register both."""
    app.add_config_value("names_without_page", set(), "env")
    app.add_post_transform(NamesToLinks)
    app.connect("doctree-read", words)
    app.connect("missing-reference", types)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
