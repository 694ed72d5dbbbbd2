"""Much data to three hosts at once arrives whole, and is counted.

DOWNLOAD_MB sets how much each host fetches (200; 1024 for the full proof)."""
import hashlib
import os
import subprocess
import sys

import pytest

from house import FAR

pytestmark = pytest.mark.carriers("xdp", "nfqueue")

SIZE = int(os.environ.get("DOWNLOAD_MB", "200")) << 20


@pytest.fixture(scope="module")
def digest(house, tmp_path_factory):
    """far serves a file of random bytes; its SHA-256."""
    folder = tmp_path_factory.mktemp("web")
    sha = hashlib.sha256()
    with open(folder / "file", "wb") as file:
        for _ in range(SIZE >> 20):
            block = os.urandom(1 << 20)
            sha.update(block)
            file.write(block)
    house.serve_web(folder)
    yield sha.hexdigest()
    (folder / "file").unlink()


def test_three_hosts_download_at_once(house, digest):
    hosts = house.h1, house.h2, house.h3
    before = {c["mac"]: c["rx_bytes"] for c in house.ask("clients")}
    fetch = f"curl -sS --max-time 300 http://{FAR}/file | sha256sum"
    fetchers = [host.spawn("sh", "-c", fetch, stdout=subprocess.PIPE,
                           text=True) for host in hosts]
    for fetcher in fetchers:
        said, _ = fetcher.communicate(timeout=320)
        assert said.split()[0] == digest
    after = {c["mac"]: c["rx_bytes"] for c in house.ask("clients")}
    for host in hosts:
        carried = after[host.mac] - before.get(host.mac, 0)
        # Headers come on top, and some segments twice.
        assert SIZE < carried < SIZE * 1.15


SINK = """
import hashlib, socket, threading

def swallow(connection):
    digest = hashlib.sha256()
    while data := connection.recv(1 << 16):
        digest.update(data)
    print(digest.hexdigest(), flush=True)

server = socket.create_server(("198.51.100.10", 8000))
print("up", flush=True)
while True:
    threading.Thread(target=swallow, args=server.accept()[:1]).start()
"""


def test_three_hosts_upload_at_once(house):
    """The other way; the receiver makes the sums."""
    sink = house.far.spawn(sys.executable, "-c", SINK, stdout=subprocess.PIPE,
                           text=True)
    assert sink.stdout.readline() == "up\n"
    block, rounds = os.urandom(1 << 20), 32
    sockets = [host.tcp(timeout=60) for host in (house.h1, house.h2, house.h3)]
    for sock in sockets:
        sock.connect((FAR, 8000))
    for _ in range(rounds):
        for sock in sockets:
            sock.sendall(block)
    for sock in sockets:
        sock.close()
    wanted = hashlib.sha256(block * rounds).hexdigest()
    assert [sink.stdout.readline().strip() for _ in sockets] == [wanted] * 3
