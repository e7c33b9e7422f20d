"""The container of patterns on disk: a Zarr group of sections, each whole and checksummed (`docs/formats.md`).

`layout` says what lies where and reads the headers, `writing` commits sections, `reading` reads one and checks it,
`ahead` reads the next while the last is worked on. `motes.stored` makes `motes.Patterns` of what they read.
"""
