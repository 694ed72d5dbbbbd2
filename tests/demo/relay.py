"""Carries TCP from a port of the machine's loopback to a server inside a
namespace. HTTP and WebSockets pass through alike: it looks at nothing."""
import asyncio
import contextlib
import errno
import socket

LOOPBACK = "127.0.0.1"


def listen(preferred):
    """A listening socket on 'preferred', or on any port if that is busy."""
    try:
        return socket.create_server((LOOPBACK, preferred))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return socket.create_server((LOOPBACK, 0))


class Relay:
    """The 'server' is an (address, port) as seen from inside 'machine'."""

    def __init__(self, listener, machine, server):
        self.listener, self.machine, self.server = listener, machine, server

    async def run(self):
        server = await asyncio.start_server(self._carry, sock=self.listener)
        await server.serve_forever()

    async def _carry(self, reader, writer):
        """One connection. No browser closes only one half: the first end is
        the end of both."""
        with contextlib.suppress(OSError, asyncio.CancelledError), \
                contextlib.closing(writer):
            inner_reader, inner_writer = await self._connect()
            with contextlib.closing(inner_writer):
                ways = [asyncio.ensure_future(_pump(reader, inner_writer)),
                        asyncio.ensure_future(_pump(inner_reader, writer))]
                try:
                    await asyncio.wait(
                        ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()

    async def _connect(self):
        with self.machine.inside():
            sock = socket.socket()
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, self.server)
            return await asyncio.open_connection(sock=sock)
        except BaseException:
            sock.close()
            raise


async def _pump(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
