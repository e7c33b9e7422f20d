"""The reference of a module that needs a library to be imported: read, not run."""

from __future__ import annotations

import ast
from pathlib import Path

from sphinx.ext.napoleon import Config, NumpyDocstring

PACKAGE = Path(__file__).parents[2] / "python"


def reference(module: str) -> str:
    """What the `__init__.py` of a package takes from its modules, and its own docstring."""
    folder = PACKAGE.joinpath(*module.split("."))
    tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    rst = ["````{eval-rst}", f".. py:module:: {module}", "", ast.get_docstring(tree) or ""]
    for imported in tree.body:
        if isinstance(imported, ast.ImportFrom) and (imported.module or "").startswith(module):
            path = PACKAGE.joinpath(*(imported.module or "").split(".")).with_suffix(".py")
            names = {alias.name for alias in imported.names}
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in names:
                    rst += ["", *described(node)]
    return "\n".join([*rst, "````"])


def described(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    """A function or class as a directive."""
    text = NumpyDocstring(ast.get_docstring(node) or "", Config(napoleon_use_rtype=False)).lines()
    if isinstance(node, ast.ClassDef):
        fields = [ast.unparse(item.target) for item in node.body if isinstance(item, ast.AnnAssign)]
        head = f".. py:class:: {node.name}({', '.join(fields)})"
    else:
        for argument in [*node.args.args, *node.args.kwonlyargs]:
            argument.annotation = None
        head = f".. py:function:: {node.name}({ast.unparse(node.args)})"
    return [head, "", *(f"   {line}" for line in text)]
