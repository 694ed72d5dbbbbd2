"""A lease, a name and a download: what a home notices first. These run on the
oldest kernel too: tests/floor."""
import hashlib
import os

import pytest

from house import FAR, LAN

pytestmark = pytest.mark.carriers("xdp", "nfqueue")
SIZE = 8 << 20


def test_a_lease(house):
    for host in house.h1, house.h2, house.h3:
        assert host.lease["router"] == LAN
        host.run("ping", "-c", "1", "-W", "10", FAR)


def test_a_name(house):
    assert house.h1.run("dig", "+short", "example.net").strip() == FAR


def test_a_download(house, tmp_path):
    data = os.urandom(SIZE)
    (tmp_path / "file").write_bytes(data)
    house.serve_web(tmp_path)
    for host in house.h1, house.h2:
        said = host.sh(f"curl -sS --max-time 120 http://{FAR}/file | sha256sum",
                       timeout=130)
        assert said.split()[0] == hashlib.sha256(data).hexdigest()
