"""The server: who is answered, with what, and what is refused."""

from __future__ import annotations

import http.client
import json
import resource
import socket
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from kills import loses_nothing
from motes.circles import Circles
from motes.labelling import Server
from motes.labelling.pyramid import APRON, TILE
from motes.labelling.session import Session
from motes.project import Project
from motes.project.picks import PickSet
from projects import DIAMETER, add

JSON = {"Content-Type": "application/json"}


def ask(server, path, body=None, headers=(), *, token=True, host=None):
    """Status, headers and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    told = ({"Host": host} if host else {}) | dict(headers)
    address = f"/{server.token}/{path}" if token else path
    connection.request("GET" if body is None else "POST", address, body, told)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, content


def act(server, *actions, since=0):
    status, _, body = ask(server, "actions", json.dumps({"since": since, "actions": actions}), JSON)
    return status, json.loads(body)


def test_the_page_and_its_parts(server):
    status, headers, body = ask(server, "")
    assert status == 200
    assert body.startswith(b"<!doctype html>")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    folder = Path(sys.modules["motes.labelling"].__file__).parent
    for path in [*folder.glob("*.js"), folder / "page.css"]:
        assert ask(server, path.name)[::2] == (200, path.read_bytes())
    told = json.loads(ask(server, "project")[2])
    assert told["micrographs"] == [["grid0", 300, 400], ["grid1", 300, 400], ["grid2", 300, 400]]
    assert len(told["query"]["questions"]) == 24
    assert str(server.session.project.folder.parent.parent) not in json.dumps(told["micrographs"])


def test_an_address_without_its_last_slash_leads_to_the_page(server):
    status, headers, _ = ask(server, f"/{server.token}", token=False)
    assert (status, headers["Location"]) == (307, f"/{server.token}/")
    with urllib.request.urlopen(server.address.removesuffix("/")) as answer:
        assert answer.url == server.address
        assert answer.read().startswith(b"<!doctype html>")
    status, headers, _ = ask(server, f"/{server.token[:-1]}", token=False)
    assert (status, headers["Location"]) == (403, None)


def test_tiles_are_the_micrograph(server):
    image = server.session.project.micrograph("grid1").data
    status, headers, body = ask(server, "tile/1/0/0/0")
    assert status == 200
    assert headers["Content-Type"] == "application/octet-stream"
    tile = np.frombuffer(body, np.uint8).reshape(TILE + 2 * APRON, -1)[APRON:, APRON:][:300, :400]
    assert np.corrcoef(tile.ravel(), image.ravel())[0, 1] > 0.99
    for path in ("tile/9/0/0/0", "tile/0/1/0/0", "tile/0/0/1/0", "tile/0/0/0/1"):
        assert ask(server, path)[0] == 404


def test_actions_are_acknowledged_when_they_are_on_the_disk(server):
    one, two = add(), add(x=200.0)
    assert act(server, one, two) == (200, {"actions": [one, two]})
    assert [entry["id"] for entry in Project(server.session.project.folder).actions] == [one["id"], two["id"]]
    assert act(server, two) == (200, {"actions": [one, two]})  # sent again: done once
    three = add(y=200.0)
    assert act(server, three, since=2) == (200, {"actions": [three]})
    assert act(server, since=2) == (200, {"actions": [three]})


def test_an_action_that_is_none_is_refused(server):
    status, told = act(server, add() | {"x": 1e9})
    assert status == 400
    assert "expected a place on grid0 of 400 x 300 pixels" in told["error"]
    assert act(server, since=-1)[0] == act(server, since="0")[0] == 400
    assert act(server, *[add() for _ in range(1001)])[0] == 400
    assert server.session.project.actions == []


# -- refused ----------------------------------------------------------------------------------------------------------

EVIL = "http://evil.example"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Referer": f"{EVIL}/page"},
        {"Referer": "http://127.0.0.1.evil.example/"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_origin_is_refused(server, headers):
    for path, body in (
        ("project", None),
        ("tile/0/0/0/0", None),
        ("actions", json.dumps({"since": 0, "actions": [add()]})),
    ):
        status, _, told = ask(server, path, body, JSON | headers)
        assert (status, json.loads(told)) == (403, {"error": "asked for by another page"})
    assert server.session.project.actions == []


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}"])
def test_another_name_for_this_computer_is_refused(server, host):
    status, _, body = ask(server, "project", host=host.format(port=server.port))
    assert status == 403
    assert b"answers to its own address alone" in body


def test_its_own_page_is_answered(server):
    own = f"http://127.0.0.1:{server.port}"
    headers = {"Origin": own, "Referer": f"{own}/{server.token}/", "Sec-Fetch-Site": "same-origin"}
    assert ask(server, "project", headers=headers)[0] == 200
    assert ask(server, "project", headers={"Sec-Fetch-Site": "none"}, host=f"localhost:{server.port}")[0] == 200


def test_a_missing_token_is_refused(server):
    own = server.token
    near = (f"/{own[:-1]}/project", f"/{own}x/", f"/%00{own}/", f"/x/{own}/project", f"/{own.swapcase()}/project")
    for path in ("/", "/project", "//project", *near):
        status, _, body = ask(server, path, token=False)
        assert status == 403, path
        assert b"lacks its token" in body
        assert server.token.encode() not in body
    body = json.dumps({"since": 0, "actions": [add()]})
    assert ask(server, "/actions", body, JSON, token=False)[0] == 403
    assert server.session.project.actions == []


@pytest.mark.parametrize(
    "path",
    [
        *("../project.json", "..%2fproject.json", "project.json", "labels.jsonl", "/etc/passwd", "//etc/passwd"),
        *(
            "%2e%2e/%2e%2e/etc/passwd",
            "page.js/../server.py",
            "server.py",
            "__init__.py",
            "page.html",
            "page.js%00.css",
        ),
        *("tile/../project.json", "tile/0/0/0/..", "tile/-1/0/0/0", "tile/0/0/0/0/0", "tile/%D9%A3/0/0/0"),
        *("picks/0", "picks/../0", "?x=1", "micrographs/grid0.tif", "tile/0/0/0/99999999999999999999"),
    ],
)
def test_a_path_outside_is_refused(server, path):
    status, _, body = ask(server, path)
    assert status in (400, 404), path
    assert json.loads(body)["error"]


def test_a_closed_server_answers_on_no_old_connection(asked):
    """A browser would go on asking there after another server took its port, and be refused."""
    with asked.writing("test"):
        with Server(asked) as running:
            running.start()
            connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
            connection.request("GET", f"/{running.token}/")
            assert connection.getresponse().read()
        assert connection.sock.recv(1) == b""
        connection.close()


def test_odd_requests(server):
    assert ask(server, "actions", "{}", {"Content-Type": "text/plain"})[0] == 415
    assert ask(server, "actions", "since=0", {"Content-Type": "application/x-www-form-urlencoded"})[0] == 415
    assert ask(server, "actions", "{", JSON)[0] == 400
    assert ask(server, "actions", "[" * 100_000, JSON)[0] == 400
    assert ask(server, "actions", "[]", JSON)[0] == 400
    assert ask(server, "nothing", "{}", JSON)[0] == 404
    assert ask(server, "save", '{"set": 0, "least": 0}', JSON)[0] == 404
    too_large = {"Content-Length": str(1 << 30), **JSON}
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        head = [f"POST /{server.token}/actions HTTP/1.1", f"Host: 127.0.0.1:{server.port}"]
        raw.sendall("\r\n".join([*head, *(f"{k}: {v}" for k, v in too_large.items()), "", ""]).encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 413 ")
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE"):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request(method, f"/{server.token}/project")
        assert connection.getresponse().status == 501
        connection.close()
    assert ask(server, "project")[0] == 200


def test_only_this_computer_is_listened_to(server):
    assert server.socket.getsockname()[0] == "127.0.0.1"


def test_a_token_is_new_each_time(asked):
    tokens = set()
    for _ in range(3):
        with asked.writing("test"), Server(asked) as server:
            tokens.add(server.token)
            assert len(server.token) >= 32
    assert len(tokens) == 3


# -- trouble ----------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_told_and_nothing_is_acknowledged(server):
    act(server, add())
    journal = server.session.project.folder / "labels.jsonl"
    before = journal.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 30, limits[1]))
    try:
        late = add(x=200.0)
        status, told = act(server, late)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert status == 507
    assert told["error"] == f"{journal}: File too large"
    assert journal.read_bytes() == before
    assert act(server, late, since=1) == (200, {"actions": [late]})


def test_an_action_is_not_at_fault_for_a_damaged_project(server):
    """A page gives up an action that is refused with 400; what may still be saved must be answered otherwise."""
    folder = server.session.project.folder
    where = {"micrograph": "grid0", "x": 41.0, "y": 40.0, "radius": 12.0}
    answer = {"id": "answer1", "type": "answer", "question": "1.0", "particle": True, **where}
    query, told = folder / "queries" / "0001.json", (folder / "queries" / "0001.json").read_text()
    query.write_text("{")
    status, why = act(server, answer)
    assert (status, "0001.json: no query of a project" in why["error"]) == (500, True)
    query.write_text(told)
    assert act(server, add())[0] == 200
    with (folder / "labels.jsonl").open("a") as journal:
        journal.write('{"id": "theirs"}\n')
    status, why = act(server, answer, since=1)
    assert status == 507
    assert (
        why["error"] == f"{folder / 'labels.jsonl'}: changed by another program while it was open; close one of the two"
    )


def test_nothing_is_written_after_the_end(asked):
    """The project may be another's by then: a request that comes late is not answered."""
    one = Circles(np.array([[50.0, 60.0]]), DIAMETER / 2, np.array([0.9]), indptr=[0, 1, 1, 1])
    session = Session(asked, [PickSet("one", one, probability=True, least=0.5)])
    with asked.writing("test"):
        session.close()
        for late in (lambda: session.act(0, [add()]), lambda: session.save(0, 0.5)):
            with pytest.raises(ConnectionAbortedError, match="the server has ended"):
                late()
    assert asked.actions == []
    assert not (asked.folder / "picks").exists()


def test_a_micrograph_that_is_gone_is_told(server, tmp_path):
    (tmp_path / "micrographs" / "grid2.tif").unlink()
    status, _, body = ask(server, "tile/2/0/0/0")
    assert status == 404
    assert "grid2.tif" in json.loads(body)["error"]


def test_kills_of_the_server_lose_nothing(tmp_path):
    """``MOTES_KILLS=1000`` kills more often than every run does."""
    loses_nothing("server", tmp_path, 25)
