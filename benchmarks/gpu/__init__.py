"""Each kernel on a GPU beside its peers and the limits of the device: `python -m benchmarks.gpu --out FILE`.

Peers (torch, torchvision, CuPy) are taken where they are and see a GPU, and named as absent where not. Results are
compared before any time counts.
"""
