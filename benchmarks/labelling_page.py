"""How fast the labelling page is, in a real headless browser: `python -m benchmarks.labelling_page`.

Three simulated micrographs of 4096 x 4096 float32 pixels (MRC), 2,000 labels on each, and 60 questions. Measured within
the page: from the beginning of the navigation until the first micrograph is drawn whole; and from each key that is
really pressed until the frame that shows its answer, with all of its tiles, has been handed to the screen. Labels are
saved to the disk meanwhile, as ever. In the end the table of docs/active-project.md is made anew.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pages import fill, table
from benchmarks.results import save

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from browser import Browser
from motes.circles import Circles
from motes.labelling import Server
from motes.project import Project
from motes.project.labels import new_id
from motes.project.picks import PickSet
from motes.project.queries import Asked, Question

SIDE, DIAMETER, N_LABELS, N_QUESTIONS, N_MICROGRAPHS = 4096, 60.0, 2000, 60, 3
OPENINGS = 5
PAGE = Path(__file__).parent.parent / "docs" / "active-project.md"
SCENES = {  # keys, each so many times; a scene begins where the last one ended
    "questions": ("arnpArrowRightsu", 8),
    "look": ("..,,]][[ii", 3),
    "zoom": ("+-", 6),
    "whole micrograph": ("arnpArrowRightsu", 8),
}
ARROWS = "ArrowRight"
INSTRUMENT = """(() => {
  const complete = () => document.querySelector("#view")?.dataset.complete === "true";
  const look = () => {
    if (complete() && document.documentElement.dataset.ready) window.firstMicrograph = performance.now();
    else requestAnimationFrame(look);
  };
  look();
  window.answers = [];
  addEventListener("keydown", (event) => {
    const began = event.timeStamp, key = event.key;
    const frame = () => {
      const {port1, port2} = new MessageChannel();  // its message comes once the frame has been handed on
      port1.onmessage = () => {
        if (complete()) window.answers.push({key, shown: performance.now() - began});
        else requestAnimationFrame(frame);
      };
      port2.postMessage(0);
    };
    requestAnimationFrame(frame);
  }, true);
})()"""


def make(folder: Path) -> tuple[Project, PickSet]:
    """A project as large as is promised."""
    import mrcfile

    rng = np.random.default_rng(0)
    blob = np.exp(-((np.indices((61, 61)) - 30.0) ** 2).sum(axis=0) / 200)
    every = []
    for m in range(N_MICROGRAPHS):
        image = rng.normal(size=(SIDE, SIDE)).astype(np.float32)
        centres = rng.integers(60, SIDE - 60, (N_LABELS, 2))
        for x, y in centres:
            image[y - 30 : y + 31, x - 30 : x + 31] -= blob
        mrcfile.write(folder / f"grid{m}.mrc", image)
        every.append(centres.astype(np.float64))
    project = Project.create(folder / "p", sorted(folder.glob("*.mrc")), DIAMETER)
    questions = [
        Question(f"grid{m}", float(x), float(y), DIAMETER / 2, 0.5, 0)
        for m in range(N_MICROGRAPHS)
        for x, y in rng.uniform(60, SIDE - 60, (N_QUESTIONS // N_MICROGRAPHS, 2))
    ]
    with project.writing("benchmark"):
        project.keep("queries", 1, Asked(1, "random", 0, tuple(questions)).told())
        for m, centres in enumerate(every):
            places = [{"micrograph": f"grid{m}", "x": x, "y": y, "radius": DIAMETER / 2} for x, y in centres.tolist()]
            project.act([{"id": new_id(), "type": "import", "file": "labels", "places": places}])
    circles = Circles.concatenate([Circles(centres, DIAMETER / 2, rng.random(N_LABELS)) for centres in every])
    return project, PickSet("picker", circles, probability=True, least=0.3)


def opened(browser: Browser, server: Server) -> float:
    """Seconds until the first micrograph is there, as the page's own clock has it."""
    browser.open("about:blank")
    browser.open(server.address)
    while (told := browser.evaluate("window.firstMicrograph ?? null")) is None:
        time.sleep(0.01)
    return told / 1000


def press(browser: Browser, keys: list[str]) -> list[dict[str, Any]]:
    """Press keys, each once the one before has been answered; what the page measured."""
    browser.evaluate("void (window.answers = [])")
    for n, key in enumerate(keys, 1):
        browser.press(key)
        while browser.evaluate("window.answers.length") < n:
            time.sleep(0.002)
        time.sleep(0.05)  # nobody is faster
    return browser.evaluate("window.answers")


def keys_of(scene: str, times: int) -> list[str]:
    """One key after the other."""
    keys: list[str] = []
    text = scene
    while text:
        key = ARROWS if text.startswith(ARROWS) else text[0]
        keys.append(key)
        text = text[len(key) :]
    return keys * times


def summed(answers: list[dict[str, Any]]) -> dict[str, float]:
    """Milliseconds."""
    shown = np.array([answer["shown"] for answer in answers])
    return {
        "keys": len(shown),
        "median_ms": float(np.median(shown)),
        "p95_ms": float(np.percentile(shown, 95)),
        "worst_ms": float(shown.max()),
        "within_50_ms": float((shown <= 50).mean()),
    }


def table_of(figures: dict[str, Any]) -> str:
    """Markdown."""
    opening = figures["first_micrograph_s"]
    rows = [
        [
            "first micrograph, from the address on",
            OPENINGS,
            *(f"{1000 * opening[key]:.0f}" for key in ("median", "worst")),
        ]
    ]
    names = {
        "questions": "keys of questions",
        "look": "contrast, low-pass",
        "zoom": "zoom",
        "review": "keys of the review",
        "whole micrograph": "keys of questions, whole micrograph in view",
    }
    for scene, name in names.items():
        told = figures[scene]
        rows.append([name, told["keys"], *(f"{told[key]:.0f}" for key in ("median_ms", "worst_ms"))])
    return table(("what", "times", "median, ms", "worst, ms"), rows)


def main() -> None:
    """Measure and write results/labelling_page.json."""
    figures: dict[str, Any] = {"side": SIDE, "labels": N_LABELS, "questions": N_QUESTIONS}
    with tempfile.TemporaryDirectory() as place:
        project, picks = make(Path(place))
        seconds = []
        for _ in range(OPENINGS):  # each with a server that has made no tile yet
            with project.writing("benchmark"), Server(project, [picks]) as server, Browser(width=1440) as browser:
                server.start()
                browser.send("Page.addScriptToEvaluateOnNewDocument", source=INSTRUMENT)
                seconds.append(opened(browser, server))
        figures["first_micrograph_s"] = {"median": float(np.median(seconds)), "worst": max(seconds)}
        with project.writing("benchmark"), Server(project, [picks]) as server, Browser(width=1440) as browser:
            server.start()
            browser.send("Page.addScriptToEvaluateOnNewDocument", source=INSTRUMENT)
            opened(browser, server)
            time.sleep(1)
            for name, (scene, times) in SCENES.items():
                if name == "whole micrograph":
                    press(browser, ["f"])
                figures[name] = summed(press(browser, keys_of(scene, times)))
            press(browser, ["v"])
            time.sleep(2)
            figures["review"] = summed(press(browser, keys_of("npd", 6)))
            assert browser.errors == [], browser.errors
    save("labelling_page", figures)
    fill(PAGE, {"page": table_of(figures)})


if __name__ == "__main__":
    main()
