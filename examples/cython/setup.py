"""An extension in Cython that links libmotes, built with the options that `motes --includes --libs` tells.

pip install "setuptools>=70.1" "cython>=3.1" && pip install --no-build-isolation examples/cython
python examples/extensions.py motes_cython
"""

import shlex

from Cython.Build import cythonize
from setuptools import Extension, setup

from motes import linking

extension = Extension(
    "motes_cython",
    ["motes_cython.pyx"],
    extra_compile_args=shlex.split(linking.includes()),
    extra_link_args=shlex.split(linking.libs()),
)
setup(ext_modules=cythonize([extension], build_dir="build"))
