"""A line between a client and a server on loopback that can be slow, cut, silent or away.

Bytes that the server sends are counted in `down`; the faults concern these, because they are the
pack. All of it can be changed while connections are open.
"""
import contextlib
import os
import select
import socket
import struct
import threading
import time

CHUNK = 16 * 1024


def free_port(address='127.0.0.1'):
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


class Line:
    """Forwards 127.0.0.1:`port` to `target`, an (address, port). End it by close()."""

    def __init__(self, target, up=True):
        self.target = target
        self.rate = None  # bytes a second from the server, over all connections
        self.cut_after = None  # each connection ends with RST when so many bytes came down
        self.hang_after = None  # nothing more is carried when so many bytes came down, ever
        self.flip_at = None  # the byte at which a connection's bytes are wrong
        self.down = 0  # bytes carried down so far, over all connections
        self.connections = 0
        self.port = free_port()
        self.listener = None
        self.threads = []
        self.closing = threading.Event()
        self.pace = threading.Lock()
        self.due = 0.0
        if up:
            self.open()

    def open(self):
        """Begin to accept connections, on the same port each time."""
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(('127.0.0.1', self.port))
        self.listener.listen(64)
        self.closing.clear()
        self.run(self.accept, self.listener)

    def shut(self):
        """Refuse connections, and reset those that are open."""
        self.closing.set()
        if self.listener:
            with contextlib.suppress(OSError):
                self.listener.shutdown(socket.SHUT_RDWR)  # wakes the accept
            self.listener.close()
            self.listener = None
        for thread in self.threads:
            thread.join(10)
        self.threads = []

    close = shut

    def run(self, what, *args):
        thread = threading.Thread(target=what, args=args, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self, listener):
        while not self.closing.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                server = socket.create_connection(self.target, 5)
            except OSError:
                reset(client)
                continue
            self.run(self.carry, client, server)

    def carry(self, client, server):
        """Both directions of one connection, until either side or a fault ends it."""
        down = 0
        open_ends = {client: server, server: client}
        with client, server:
            while open_ends and not self.closing.is_set():
                if self.hang_after is not None and self.down >= self.hang_after:
                    self.closing.wait(0.05)
                    if gone(client):
                        return
                    continue
                for end in select.select(list(open_ends), [], [], 0.1)[0]:
                    size = CHUNK
                    if end is server:
                        size = self.allowed(down)
                    try:
                        data = end.recv(size)
                        if end is server and data:
                            self.wait_turn(len(data))
                            data = self.flipped(data, down)
                        open_ends[end].sendall(data)
                    except OSError:
                        return
                    if not data:
                        with contextlib.suppress(OSError):
                            open_ends[end].shutdown(socket.SHUT_WR)
                        del open_ends[end]
                        continue
                    if end is server:
                        down += len(data)
                        self.down += len(data)
                        if self.cut_after is not None and down >= self.cut_after:
                            reset(client)
                            return
            if self.closing.is_set():
                reset(client)

    def allowed(self, down):
        """How much to take from the server at once, so that faults come at their byte."""
        size = CHUNK
        if self.rate:
            size = min(size, max(512, int(self.rate / 20)))
        if self.cut_after is not None:
            size = min(size, max(1, self.cut_after - down))
        if self.hang_after is not None:
            size = min(size, max(1, self.hang_after - self.down))
        return size

    def flipped(self, data, down):
        if self.flip_at is None or not down <= self.flip_at < down + len(data):
            return data
        wrong = bytearray(data)
        wrong[self.flip_at - down] ^= 0x10
        return bytes(wrong)

    def wait_turn(self, size):
        if not self.rate:
            return
        with self.pace:
            now = time.monotonic()
            self.due = max(self.due, now) + size / self.rate
            wait = self.due - now
        self.closing.wait(wait)


def reset(connection):
    """Close with RST instead of FIN."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.close()


def gone(connection):
    """Whether the other side has closed; what it sent is left where it is."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b''
    except BlockingIOError:
        return False
    except OSError:
        return True


def descendants(pid):
    """The processes below @pid; not @pid itself. The kernel lists them by the thread that began each."""
    found = []
    below = [pid]
    while below:
        parent = below.pop()
        for thread in entries(f'/proc/{parent}/task'):
            with contextlib.suppress(OSError), open(f'/proc/{parent}/task/{thread}/children') as list_:
                children = [int(word) for word in list_.read().split()]
                found += children
                below += children
    return found


def entries(folder):
    try:
        return os.listdir(folder)
    except OSError:  # it has ended
        return []
