"""A gateway with a thread per connection, of Python's own library. Ports come from the environment. Path: /one a call."""
import http.client
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

local = threading.local()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        connection = getattr(local, "connection", None)
        if connection is None:
            connection = local.connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["BACKEND_PORT"]))
        connection.request("GET", "/b1", headers={"x-truth": self.headers.get("x-truth", "none")})
        connection.getresponse().read()
        self.send_response(200)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b"gateway\n")

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
