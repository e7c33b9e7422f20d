"""Labels in a child process that is killed at random moments; says how many acknowledged labels were lost.

``python killed.py journal|server FOLDER KILLS``: through the project itself, or through the server of the page.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from motes.project import Project
from motes.project.labels import new_id

LONGEST = 0.02  # seconds that a child lives once it labels


def action() -> dict:
    where = {"x": random.uniform(0, 60), "y": random.uniform(0, 60), "radius": 5.0}
    return {"id": new_id(), "type": "add", "particle": True, "micrograph": "grid", **where}


def label(project: Project, tell: int) -> None:
    """Label for ever; each acknowledged id goes down the pipe."""
    with project.writing("child"):
        while True:
            done = project.act([action() for _ in range(random.randint(1, 3))])
            os.write(tell, "".join(f"{one['id']}\n" for one in done).encode())


def killed_while_labelling(folder: Path) -> set[str]:
    """Ids that were acknowledged before the child was killed."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        label(Project(folder), write)
    os.close(write)
    first = os.read(read, 1 << 16)  # it has begun
    time.sleep(random.uniform(0, LONGEST))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    rest = b""
    while chunk := os.read(read, 1 << 16):
        rest += chunk
    os.close(read)
    return set((first + rest).decode().split())


def killed_while_serving(folder: Path) -> set[str]:
    """The same through the server: a request is acknowledged by its answer."""
    from motes.labelling import Server

    ears = socket.create_server(("127.0.0.1", 0))
    child = os.fork()
    if not child:
        with Project(folder).writing("child") as project, Server(project, token="t" * 20, ears=ears) as server:
            server.serve_forever()
    port = ears.getsockname()[1]
    ears.close()
    acknowledged: set[str] = set()
    wait, go = os.pipe()
    delay = random.uniform(0, 3 * LONGEST)
    killer = os.fork()
    if not killer:
        os.read(wait, 1)  # it labels
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        os._exit(0)
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        since = len(Project(folder).actions)
        while True:
            actions = [action()]
            body = json.dumps({"since": since, "actions": actions})
            connection.request("POST", f"/{'t' * 20}/actions", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            told = json.loads(answer.read())
            assert answer.status == 200, told
            assert actions[0]["id"] in {one["id"] for one in told["actions"]}
            acknowledged |= {one["id"] for one in actions}
            since += len(actions)
            os.write(go, b"!")
    except (OSError, http.client.HTTPException, json.JSONDecodeError):
        pass  # killed
    os.waitpid(killer, 0)
    os.waitpid(child, 0)
    os.close(wait)
    os.close(go)
    return acknowledged


def main(way: str, folder: Path, kills: int) -> None:
    random.seed(0)
    Image.fromarray(np.eye(64, 64, dtype=np.float32)).save(folder / "grid.tif")
    Project.create(folder / "p", [folder / "grid.tif"], 10.0)
    run = {"journal": killed_while_labelling, "server": killed_while_serving}[way]
    acknowledged: set[str] = set()
    lost = twice = torn = 0
    for _ in range(kills):
        acknowledged |= run(folder / "p")
        journal = folder / "p" / "labels.jsonl"
        torn += journal.exists() and not journal.read_bytes().endswith(b"\n")
        ids = [one["id"] for one in Project(folder / "p").actions]
        lost += len(acknowledged - set(ids))
        twice += len(ids) - len(set(ids))
    told = {"kills": kills, "acknowledged": len(acknowledged), "lost": lost, "twice": twice, "torn": torn}
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
