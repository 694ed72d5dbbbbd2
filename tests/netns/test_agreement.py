"""Page, API, CLI and CSV say what the internet and the devices counted by
themselves, to the byte; for ten minutes by hand: tests/demo/agreement.py."""
import os
import subprocess

import pytest

from house import BINARY, TOP

pytestmark = pytest.mark.long

SECONDS = 20
LEAST = 60      # comparisons: a demo that shows nothing would agree with itself


def test_all_say_the_same():
    done = subprocess.run(
        ["/usr/bin/python3", TOP / "tests/demo/agreement.py", str(SECONDS)],
        text=True, capture_output=True, timeout=250, check=False,
        env=os.environ | {"PORTCULLIS": str(BINARY.resolve())})
    assert done.returncode == 0, done.stdout + done.stderr
    same, = [line.split()[1] for line in done.stdout.splitlines()
             if line.startswith("agreement:")]
    assert int(same) >= LEAST
