# Raw sockets: pipelining, heads in pieces, HTTP/1.0, absolute and asterisk targets, bodies that look like heads, bad requests.
import socket, sys, time

port = int(sys.argv[1])


def talk(*parts, pause=0.05):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(0.2)
    try:
        for part in parts:
            connection.sendall(part.encode("latin1"))
            time.sleep(pause)
        while connection.recv(1 << 20):
            pass
    except OSError:
        pass
    connection.close()


get = "GET {} HTTP/1.1\r\nHost: raw\r\n\r\n".format
talk(get("/") + get("/chunked") + get("/nosuch") + get("/large") + get("/items/42"))
talk(*get("/items/42"), pause=0.002)
talk("GET / HTTP/1.1\r\nHo", "st: raw\r\nX-A: b\r", "\n\r", "\n")
talk("GET /items/42 HTTP/1.0\r\n\r\n")
talk("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /large HTTP/1.0\r\n\r\n")
talk("GET http://other.example/items/42?x HTTP/1.1\r\nHost: raw\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: raw\r\n\r\n")
inner = "GET /not-a-request HTTP/1.1\r\nHost: no\r\n\r\n"
talk(f"POST /upload HTTP/1.1\r\nHost: raw\r\nContent-Length: {len(inner)}\r\n\r\n" + inner, get("/"))
talk("POST /upload HTTP/1.1\r\nHost: raw\r\nTransfer-Encoding: chunked\r\n\r\n", "5;ext=1\r\nhello\r\n", "10\r\n0123456789abcdef\r\n0\r\nX-Trailer: 1\r\n\r\n", get("/"))
talk("POST /upload HTTP/1.1\r\nHost: raw\r\nExpect: 100-continue\r\nContent-Length: 3000\r\n\r\n", "b" * 3000, get("/"))
talk("\r\n\r\n" + get("/"))
talk("NONSENSE\r\n\r\n")
talk("GET / HTTP/1.1\r\n\r\n")
talk("GET /" + "x" * 3000 + " HTTP/1.1\r\nHost: raw\r\n\r\n", get("/"))
talk("GET / HTTP/1.1\r\nHost: raw\r\n" + "".join(f"X-{n}: {'v' * 100}\r\n" for n in range(60)) + "\r\n", get("/items/42"))
talk("get / HTTP/1.1\r\nHost: raw\r\n\r\n")
talk("GET / HTTP/1.1\nHost: raw\n\n", get("/"))
talk("HEAD /large HTTP/1.1\r\nHost: raw\r\n\r\n" + "HEAD /chunked HTTP/1.1\r\nHost: raw\r\n\r\n" + get("/"))
talk("DELETE /empty HTTP/1.1\r\nHost: raw\r\n\r\n" + get("/early-hints") + get("/cached"))
