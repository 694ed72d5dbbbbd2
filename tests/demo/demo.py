#!/usr/bin/python3
"""A day in a house: the real gateway between a made-up internet and four
devices, until Ctrl-C. Run by scripts/demo, as root.

Everything lives in namespaces that processes of this one hold, so that nothing
outlives it, kill -9 included; only its folder would, which the next demo
removes. DEMO_SECONDS=N ends it by itself. DEMO_BULK=RATE: the laptop also takes
that much all the time, such as 500M bits a second.
"""
import asyncio
import contextlib
import fcntl
import os
import pathlib
import shutil
import signal
import sys
import tempfile

from relay import Relay, listen
from street import BINARY, LAN, NAME, Failed, Street

PORT = 8077
FOLDERS = "portcullis-demo-"
DAY_S = 86400
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


# ---- the folder

def lock(folder):
    """A descriptor that says the folder is in use; None: another's."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_uid == os.getuid():
            return descriptor
    except BlockingIOError:
        pass
    os.close(descriptor)
    return None


def sweep():
    """Removes the folders of demos that were killed."""
    for folder in pathlib.Path(tempfile.gettempdir()).glob(FOLDERS + "*"):
        with contextlib.suppress(OSError):
            descriptor = lock(folder)
            if descriptor is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(descriptor)


@contextlib.contextmanager
def own_folder():
    folder = tempfile.mkdtemp(prefix=FOLDERS)
    descriptor = lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


# ---- running

def invite(port, street):
    enter = f"sudo nsenter -m -n -t {street.gateway.pid} {BINARY.resolve()}"
    print(f"""
  The page of the gateway:  http://127.0.0.1:{port}/

  From the shell:  {enter} status --name {NAME}
                   and clients, flows, mappings, leases, drops in its place
  Its log:         {street.log_file}
  To end it:       Ctrl-C, or: sudo kill {os.getpid()}
""", flush=True)


async def watch(street):
    while street.alive():
        await asyncio.sleep(0.5)
    raise Failed("the gateway has ended:\n" + street.log()[-2000:])


async def show(street, listener, seconds):
    """Until a signal comes, the time is up or the gateway ends."""
    asked_to_end = asyncio.Event()
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, asked_to_end.set)
    works = [asyncio.ensure_future(work) for work in (
        asked_to_end.wait(), watch(street),
        Relay(listener, street.gw, (LAN, 80)).run())]
    done, _ = await asyncio.wait(works, timeout=seconds,
                                 return_when=asyncio.FIRST_COMPLETED)
    for work in done:
        work.result()


def leave(*_):
    """A signal while the street is being built."""
    sys.exit(0)


def hold_signals():
    """Taking down is not interrupted."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def run(seconds):
    with own_folder() as folder:
        street = Street(folder)
        try:
            listener = listen(PORT)
            street.build()
            street.open_for_business()
            if os.environ.get("DEMO_BULK"):
                street.burden(os.environ["DEMO_BULK"], seconds or DAY_S)
            invite(listener.getsockname()[1], street)
            asyncio.run(show(street, listener, seconds))
        finally:
            hold_signals()
            print("demo: taking everything down", flush=True)
            street.close()


def main():
    for number in SIGNALS:
        signal.signal(number, leave)
    seconds = os.environ.get("DEMO_SECONDS")
    sweep()
    try:
        run(float(seconds) if seconds else None)
    except (Failed, OSError) as error:
        sys.exit(f"demo: {error}")


if __name__ == "__main__":
    main()
