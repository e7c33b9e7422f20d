"""The kernel families as Python functions: defaults, docstrings, and nothing numeric that the kernels do."""
