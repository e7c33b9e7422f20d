"""Files of photon patterns, byte by byte: one module a format, and what they share.

Every reader hands on a `RawPatterns`: what the file says of itself, and its photons block by block, so that a file
larger than memory passes through. Every writer takes one. `motes.files` joins them to `motes.Patterns`.

A reader never allocates from a size it has not compared with the bytes that are there, and raises
`motes.errors.FormatError` for whatever is not as the format says.
"""
