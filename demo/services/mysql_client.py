"""A small MySQL client: native password authentication and the text protocol."""

import hashlib
import socket
import struct

CLIENT_CONNECT_WITH_DB = 0x8
CLIENT_PROTOCOL_41 = 0x200
CLIENT_SECURE_CONNECTION = 0x8000
CLIENT_PLUGIN_AUTH = 0x80000
UTF8MB4 = 45
COM_QUERY = 3


class Connection:
    def __init__(self, port, user, password, database):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")
        self.sequence = 0
        seed = self._greeting(self._read())
        flags = CLIENT_CONNECT_WITH_DB | CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION | CLIENT_PLUGIN_AUTH
        answer = scramble(password, seed)
        self._write(
            struct.pack("<IIB23x", flags, 1 << 24, UTF8MB4)
            + user.encode() + b"\0" + bytes([len(answer)]) + answer
            + database.encode() + b"\0" + b"mysql_native_password\0"
        )
        self._check(self._read())

    def query(self, statement):
        """The rows of the result, every value as text."""
        self.sequence = 0
        self._write(bytes([COM_QUERY]) + statement.encode())
        head = self._check(self._read())
        if head[0] == 0:
            return []
        for _ in range(head[0]):
            self._read()
        self._read()
        rows = []
        while True:
            packet = self._read()
            if packet[0] == 0xFE and len(packet) < 9:
                return rows
            rows.append(list(texts(packet)))

    def _greeting(self, packet):
        position = packet.index(b"\0") + 5
        first = packet[position : position + 8]
        # After the first part of the seed: filler, flags, character set, status, flags, length of the seed, reserved.
        position += 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10
        return first + packet[position : position + 12]

    def _read(self):
        head = self.stream.read(4)
        if len(head) < 4:
            raise ConnectionError("the database closed the connection")
        self.sequence = head[3] + 1
        return self.stream.read(int.from_bytes(head[:3], "little"))

    def _write(self, payload):
        self.socket.sendall(len(payload).to_bytes(3, "little") + bytes([self.sequence & 0xFF]) + payload)

    def _check(self, packet):
        if packet[0] == 0xFF:
            raise RuntimeError(packet[9:].decode(errors="replace"))
        return packet


def scramble(password, seed):
    once = hashlib.sha1(password.encode()).digest()
    twice = hashlib.sha1(once).digest()
    mask = hashlib.sha1(seed + twice).digest()
    return bytes(a ^ b for a, b in zip(once, mask))


def texts(packet):
    position = 0
    while position < len(packet):
        length = packet[position]
        position += 1
        if length == 0xFB:
            yield None
            continue
        if length == 0xFC:
            length = int.from_bytes(packet[position : position + 2], "little")
            position += 2
        yield packet[position : position + length].decode()
        position += length
