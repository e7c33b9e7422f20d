"""How suppression's time grows with the number of circles of one micrograph, however they lie."""

from __future__ import annotations

from benchmarks.growth import exponent, median_ms
from benchmarks.results import save
from motes.bench.circle_work import IOU, LAYOUTS, laid_out
from motes.picking import suppress

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def main() -> None:
    """All layouts, radii and sizes, on the one thread that a micrograph gets."""
    rows = []
    for layout in LAYOUTS:
        for radii in ("equal", "unequal"):
            taken = []
            for n in SIZES:
                circles = laid_out(layout, n, equal=radii == "equal")
                taken.append(median_ms(lambda circles=circles: suppress(circles, iou=IOU, threads=1)))
                print(layout, radii, n, f"{taken[-1]:.4g} ms", flush=True)
            rows.append({"layout": layout, "radii": radii, "ms": taken, "exponent": exponent(list(SIZES), taken)})
    save("circle_growth", {"sizes": SIZES, "rows": rows})


if __name__ == "__main__":
    main()
