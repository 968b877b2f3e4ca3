"""A small PostgreSQL client: trust authentication and the simple query protocol."""

import socket
import struct


class Connection:
    def __init__(self, port, user, database):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")
        body = struct.pack("!I", 196608) + f"user\0{user}\0database\0{database}\0\0".encode()
        self.socket.sendall(struct.pack("!I", len(body) + 4) + body)
        self._until_ready()

    def query(self, statement):
        """The rows of the result, every value as text."""
        body = statement.encode() + b"\0"
        self.socket.sendall(b"Q" + struct.pack("!I", len(body) + 4) + body)
        return self._until_ready()

    def _until_ready(self):
        rows, error = [], None
        while True:
            kind = self.stream.read(1)
            if kind == b"":
                raise ConnectionError("the database closed the connection")
            body = self.stream.read(struct.unpack("!I", self.stream.read(4))[0] - 4)
            if kind == b"D":
                rows.append(list(texts(body)))
            elif kind == b"E":
                error = body.decode(errors="replace")
            elif kind == b"Z":
                if error is not None:
                    raise RuntimeError(error)
                return rows


def texts(body):
    position = 2
    for _ in range(struct.unpack("!H", body[:2])[0]):
        length = struct.unpack("!i", body[position : position + 4])[0]
        position += 4
        yield None if length < 0 else body[position : position + length].decode()
        position += max(length, 0)
