"""The page: complete, well-formed, and nothing in it is fetched."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

import motes
from motes.challenge import page
from motes.plotting import pixels_png

VOID = {"meta", "link", "img", "br", "hr"}


class Reader(HTMLParser):
    """Checks that every element is closed in order, and collects attributes and text."""

    def __init__(self):
        super().__init__()
        self.open, self.attributes, self.text, self.ids = [], [], [], set()

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.attributes += [(tag, *attribute) for attribute in attrs]
        self.ids |= {value for name, value in attrs if name == "id"}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def html(solution):
    return page(solution, command="motes challenge a&b.npz -o <out>")


def test_nothing_is_fetched(html):
    reader = read(html)
    for tag, name, value in reader.attributes:
        if name in ("src", "href", "srcset", "data", "action"):
            assert value.startswith(("data:", "#")), (tag, name, value[:80])
    assert not re.search(r"https?://|@import|url\(|<script", html)
    anchors = {value[1:] for _, name, value in reader.attributes if name == "href" and value.startswith("#")}
    assert anchors == reader.ids == {f"task{task}" for task in range(1, 8)}


def test_every_picture_is_a_whole_png(html):
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    assert len(pictures) > 30
    for picture in pictures:
        content = base64.b64decode(picture, validate=True)
        assert content.startswith(b"\x89PNG")
        assert content.endswith(b"IEND\xaeB`\x82")
    assert html.count("<img ") == html.count('alt="') == len(pictures)


def test_every_answer_is_there(html, solution):
    text = " ".join(read(html).text)
    for answer in solution.answers:
        if answer.counts is not None:
            assert all(f"{count:,}" in text for count in answer.counts)
            assert "".join(map(str, answer.labels[:1000])) in text
        if answer.mean_photons is not None:
            assert f"{answer.mean_photons:,.3f}" in text
    for told in ("sorted by orientation", "Unoriented average", "Erratum", "Cramér-Rao", "power 2 in (e)"):
        assert told in text


def test_what_a_user_wrote_is_escaped(html):
    assert "motes challenge a&amp;b.npz -o &lt;out&gt;" in html


def test_unanswered_tasks_are_told(solution):
    part = replace(solution, answers=solution.answers[:2], unanswered=(3, 4))
    assert "Interrupted: unanswered are tasks 3, 4." in page(part)


def test_drawing_is_told_task_by_task(solution):
    told = []
    page(replace(solution, answers=solution.answers[:2]), drawing=told.append)
    assert told == [1, 2]


def test_pixels_are_drawn_as_they_are():
    from io import BytesIO

    from matplotlib.image import imread

    image = np.array([[0.0, 1.0], [0.5, np.nan]])
    drawn = imread(BytesIO(pixels_png(image, 0, 1)))
    assert drawn.shape == (250, 250, 4)
    np.testing.assert_allclose(drawn[0, 0, :3], 0)
    np.testing.assert_allclose(drawn[0, -1, :3], 1)
    np.testing.assert_allclose(drawn[-1, 0, :3], 0.5, atol=0.01)
    np.testing.assert_allclose(drawn[-1, -1, :3], np.array([0x56, 0xB4, 0xE9]) / 255, atol=0.01)


def test_design_matrices_show_all_rows_in_order():
    design = np.arange(12).reshape(4, 3)
    figure = motes.plotting.design_matrices(design, np.array([2, 0, 1, 3]), [1, 2, 0, 1])
    unsorted, sorted_ = (axes.images[0] for axes in figure.axes)
    np.testing.assert_array_equal(unsorted.get_array(), design)
    np.testing.assert_array_equal(sorted_.get_array(), design[[2, 0, 1, 3]])
    assert unsorted.get_cmap().name == sorted_.get_cmap().name == "BuPu"
    assert [text.get_text() for text in figure.axes[1].texts] == ["0°", "1", "90°", "2", "270°", "1"]


def test_cut_shows_the_row_with_its_errors():
    master = np.arange(9.0).reshape(3, 3)
    figure = motes.plotting.cut(master, np.ones((3, 3)), {"truth": master + 1})
    (axes,) = figure.axes
    np.testing.assert_array_equal(axes.containers[0].lines[0].get_ydata(), master[1])
    assert axes.get_title(loc="left") == "Along row 1"
