"""Clients of clusters: which workers are taken, which are refused by name, and what is left when they end."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

import certificates
import clusters
from motes import _core, distributed
from motes.distributed import admission, scheduler
from motes.distributed.build import Build
from motes.distributed.dispatch import Dispatcher, Piece
from motes.errors import ClusterError

OLD = "import motes._core\nmotes._core.version = '0.0.9'\n"  # a worker's own file: what it would be with another motes


@pytest.fixture
def free_port():
    """Of the loopback, where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def test_local_workers_leave_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with distributed.connect("local:1", threads=3) as client:
        assert list(client.nthreads().values()) == [3]
        pids = client.run(os.getpid).values()
        assert len(set(pids) | {os.getpid()}) == 2
        assert list(tmp_path.iterdir())
        assert all(address.startswith("tls://127.0.0.1:") for address in client.nthreads())
    assert not list(tmp_path.iterdir())
    for pid in pids:
        clusters.until(lambda pid=pid: not Path(f"/proc/{pid}").exists())


@pytest.mark.parametrize(
    "address", ["", "local:", "local:x", "local:0", "here", "10.0.0.1:8786", "tcp://host", "http://host:8786", 8786]
)
def test_what_is_no_address(address):
    with pytest.raises(ValueError, match=r"scheduler: expected .*local"), distributed.connect(address):
        pass


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (b"", "no scheduler answers within 0.5 s"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "what answers there is no Dask scheduler|no scheduler answers within 0.5 s"),
        (b"HTTP/1.0 400 Bad request\r\n\r\n" * 40, "what answers there is no Dask scheduler|no scheduler answers"),
    ],
)
def test_something_else_listens(says, told, monkeypatch):
    """One that says nothing holds nobody; what another says is not taken for the size of a message."""
    monkeypatch.setattr(scheduler, "SECONDS", 0.5)
    held = []

    def serve():
        with suppress(OSError):  # closed: the test is over
            while True:
                held.append(server.accept()[0])
                held[-1].sendall(says)

    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        threading.Thread(target=serve, daemon=True).start()
        began = time.monotonic()
        with pytest.raises(ClusterError, match=f"^{address}: {told}"):
            distributed.connect(address).__enter__()
        assert held
        assert time.monotonic() - began < 10
    for one in held:
        one.close()


def test_nothing_listens(free_port, monkeypatch):
    monkeypatch.setattr(scheduler, "SECONDS", 0.5)
    address = f"tcp://127.0.0.1:{free_port}"
    with pytest.raises(ClusterError, match=f"^{address}: no scheduler answers within 0.5 s"):
        distributed.connect(address).__enter__()


def test_it_takes_less_than_ten_seconds():
    assert 2 * scheduler.SECONDS <= 10
    assert admission.SECONDS <= 10


def test_without_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r'scheduler: needs Dask \(pip install "motes\[dask\]"\)') as caught:
        distributed.connect("local").__enter__()
    assert caught.value.name is None  # the command line tells it in one line


def test_workers_that_do_not_fit_are_named(tmp_path, monkeypatch):
    other = "baseline" if _core.isa() != "baseline" else "v3"
    (tmp_path / "old.py").write_text(OLD)
    with clusters.Cluster(tmp_path) as cluster:
        monkeypatch.setattr(scheduler, "SECONDS", 0.5)
        with pytest.raises(ClusterError, match=f"{cluster.address}: no workers there; start one: dask worker"):
            distributed.connect(cluster.address).__enter__()
        monkeypatch.undo()
        cluster.start("fine")
        with cluster.connect() as client:
            dispatcher = Dispatcher(client)
            cluster.start("old", options=("--preload", tmp_path / "old.py"))
            cluster.start("slower", MOTES_ISA=other)
            clusters.until(lambda: len(client.nthreads()) == 3)
            with pytest.warns(UserWarning, match="takes no part") as told:
                found = dict(dispatcher.run(clusters.Twice(0.05), [Piece(n) for n in range(20)]))
            assert found == {n: 2 * n for n in range(20)}
            assert {re.match(r"\w+", str(each.message))[0] for each in told} == {"old", "slower"}
            assert list(dispatcher.workers()) == [name for name in client.nthreads() if name not in dispatcher.refused]
            assert len(dispatcher.workers()) == 1
            with pytest.raises(ClusterError) as caught:
                Dispatcher(client)
            message = str(caught.value)
            assert re.search(r"worker old \(tcp://[^)]*\): has motes 0\.0\.9, this process", message)
            assert re.search(rf"worker slower \(tcp://[^)]*\): computes with {other}, .* set MOTES_ISA=", message)
            assert "fine" not in message

            cluster.kill("fine")
            clusters.until(lambda: len(client.nthreads()) == 2)
            with pytest.raises(ClusterError, match=r"no worker fits: .*has motes 0\.0\.9"):
                list(dispatcher.run(clusters.Twice(), [Piece(1)]))

            monkeypatch.setattr(admission, "SECONDS", 1.0)
            cluster.signal("old", signal.SIGSTOP)
            began = time.monotonic()
            with pytest.raises(ClusterError, match=r"worker tcp://[^ ]*: does not answer within 1 s") as caught:
                admission.admit(client)
            assert "worker slower" in str(caught.value)
            assert time.monotonic() - began < 10


def test_what_decides_the_bits():
    here = Build.here()
    assert here.unlike(here) is None
    assert "has motes 1, this process" in Build("1", here.compiler, here.isa).unlike(here)
    assert "MOTES_ISA=baseline" in Build(here.version, here.compiler, "v3").unlike(
        Build(here.version, here.compiler, "baseline")
    )
    assert "install the same wheel" in Build(here.version, "another compiler", here.isa).unlike(here)


def test_tls(tmp_path, monkeypatch):
    ours = certificates.authority(tmp_path / "ours")
    theirs = certificates.authority(tmp_path / "theirs", "other")
    words = [f"--tls-ca-file={ours['tls_ca']}", f"--tls-cert={ours['tls_cert']}", f"--tls-key={ours['tls_key']}"]
    with clusters.Cluster(tmp_path, "--protocol", "tls", *words) as cluster:
        assert cluster.address.startswith("tls://")
        cluster.start("safe")
        with cluster.connect(**ours) as client:
            assert dict(Dispatcher(client).run(clusters.Twice(), [Piece(3)])) == {0: 6}
        monkeypatch.setattr(scheduler, "SECONDS", 1.0)
        with pytest.raises(ClusterError, match="certificates were not accepted"):
            distributed.connect(cluster.address, **theirs).__enter__()
        with pytest.raises(ClusterError, match="no scheduler answers"):
            distributed.connect(cluster.address.replace("tls", "tcp")).__enter__()
        with pytest.raises(ValueError, match=r"needs certificates: give tls_ca, tls_cert and tls_key, or Dask's"):
            distributed.connect(cluster.address).__enter__()


def test_certificates_that_are_not_there(tmp_path):
    ours = certificates.authority(tmp_path / "ours")
    (tmp_path / "text").write_text("none")
    for wrong, message in (
        ({"tls_ca": ours["tls_ca"]}, "tls_cert, tls_key: needed beside tls_ca"),
        (ours | {"tls_key": tmp_path / "none"}, "tls_key: no such file: .*none"),
        (ours | {"tls_cert": tmp_path / "text"}, "no certificate and key that fit"),
    ):
        with pytest.raises(ValueError, match=message):
            distributed.connect("tls://127.0.0.1:8786", **wrong).__enter__()
    with pytest.raises(ValueError, match=r"tls_ca.*: for an address that begins with tls://, got local"):
        distributed.connect("local", tls_ca=ours["tls_ca"]).__enter__()


def test_local_workers_are_nobody_elses(tmp_path, monkeypatch):
    """Whoever reaches a scheduler can run programs on its workers; other users of a machine reach its loopback."""
    theirs = certificates.authority(tmp_path / "theirs")
    with distributed.connect("local:1") as client:
        address = client.scheduler.address
        assert address.startswith("tls://127.0.0.1:")
        monkeypatch.setattr(scheduler, "SECONDS", 1.0)
        with pytest.raises(ClusterError, match="certificates were not accepted"):
            distributed.connect(address, **theirs).__enter__()
        with pytest.raises(ClusterError, match="no scheduler answers"):
            distributed.connect(address.replace("tls", "tcp")).__enter__()


def test_keys_of_local_workers_are_on_the_disk_only_to_be_loaded(tmp_path, monkeypatch):
    """In a folder that nobody else can look into."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    modes = []

    def noted(context, cert, key, load=ssl.SSLContext.load_cert_chain):
        assert Path(key).is_relative_to(tmp_path)
        modes.append(Path(key).parent.stat().st_mode & 0o777)
        return load(context, cert, key)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", noted)
    own = scheduler._own_certificates(scheduler.import_distributed("test"))
    assert not list(tmp_path.iterdir())
    for arguments in (own.get_connection_args("client"), own.get_listen_args("scheduler")):
        assert arguments["ssl_context"] is not None
        assert not list(tmp_path.iterdir())
    assert modes == [0o700, 0o700]


def test_local_workers_without_cryptography(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    told = "other users of this machine can reach them"
    with pytest.warns(UserWarning, match=told), distributed.connect("local:1") as client:
        assert client.scheduler.address.startswith("tcp://127.0.0.1:")
