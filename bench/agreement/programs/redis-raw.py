# Raw sockets: inline commands, CLIENT REPLY, commands cut anywhere, a pipeline sent byte by byte, MONITOR, errors of protocol.
import socket, sys, time

port = int(sys.argv[1])


def command(*words):
    words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def connect():
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(0.15)
    return connection


def drain(connection):
    try:
        while connection.recv(1 << 20):
            pass
    except TimeoutError:
        pass


def talk(*parts):
    connection = connect()
    for part in parts:
        if isinstance(part, float):
            time.sleep(part)
            continue
        connection.sendall(part)
        drain(connection)
    connection.close()


talk(b"PING\r\n", b"SET raw:a 1\r\nGET raw:a\r\n", b'SET raw:b "hello world"\r\n', b"get raw:none\r\n", b"\r\nPING\r\n", b"nosuch x\r\n")
talk(command("PING"), command("CLIENT", "REPLY", "OFF"), command("SET", "raw:off", 1), command("GET", "raw:off"), command("CLIENT", "REPLY", "ON"), command("GET", "raw:off"), command("PING"))
talk(command("CLIENT", "REPLY", "SKIP") + command("SET", "raw:skip", 1) + command("GET", "raw:skip"), command("PING"))
talk(command("CLIENT", "REPLY", "OFF") + command("SET", "raw:x", 1) + command("CLIENT", "REPLY", "ON") + command("GET", "raw:x"))
talk(command("SUBSCRIBE", "a", "b"), command("PING", "x"), command("UNSUBSCRIBE", "a"), command("GET", "x"), command("UNSUBSCRIBE"), command("GET", "x"))
talk(command("UNSUBSCRIBE"), command("PUNSUBSCRIBE"), command("PING"))
talk(command("MULTI"), command("SET", "raw:m", 1), command("NOSUCH"), command("EXEC"), command("GET", "raw:m"))
talk(command("MULTI") + command("SET", "raw:m", 1) + command("INCR", "raw:m") + command("EXEC") + command("GET", "raw:m"))
talk(command("HELLO", 3), command("CLIENT", "TRACKING", "ON"), command("GET", "raw:a"), command("SET", "raw:a", 2), command("SUBSCRIBE", "c"), command("PUBLISH", "c", "m"), command("GET", "raw:a"), command("UNSUBSCRIBE", "c"), command("DEBUG", "PROTOCOL", "ATTRIB"), command("PING"))
talk(command("HELLO", 4), command("HELLO", 3, "SETNAME", "raw"), command("RESET"), command("PING"), command("QUIT"))
talk(command("ECHO", b"x" * 5000), command("ECHO", b"-ERR not an error"), command("LRANGE", "raw:none", 0, -1), command("EVAL", "return {}", 0), command("EVAL", "return {{},{{}},nil}", 0), command("EVAL", "return false", 0))
talk(command("SET", "raw:big", b"y" * 200000), command("GET", "raw:big"), command("PING"))
connection = connect()
for byte in command("SET", "raw:slow", "value") + command("GET", "raw:slow"):
    connection.sendall(bytes([byte]))
    time.sleep(0.002)
drain(connection)
connection.sendall(b"".join(command("INCR", f"raw:p{n % 7}") for n in range(500)))
drain(connection)
connection.sendall(b"".join(command("SET", f"raw:v{n}", b"v" * (n * 97 % 1500)) for n in range(120)))
drain(connection)
connection.sendall(b"".join(command("GET", f"raw:v{n}") for n in range(120)))
drain(connection)
connection.close()
monitor = connect()
monitor.sendall(command("MONITOR"))
time.sleep(0.05)
talk(command("SET", "raw:seen", "by monitor"), command("PING"))
drain(monitor)
monitor.close()
talk(b"*1\r\n$4\r\nPI", b"NG\r\n", b"*2\r\n$3\r\nGET\r\n$-5\r\n")
talk(b"*abc\r\n")
