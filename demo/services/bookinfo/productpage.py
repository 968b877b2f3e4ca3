"""The product page of Bookinfo: asks for the details of a book, then for its reviews.

Arguments: own port on loopback, base URL of the other services.
"""

import json
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, services = int(sys.argv[1]), sys.argv[2]


def ask(path, request_id):
    headers = {"X-Request-ID": request_id} if request_id else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(services + path, headers=headers), timeout=30) as answer:
            return json.load(answer)
    except (OSError, ValueError) as error:
        return {"error": str(error)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Head and body leave in one write.
    wbufsize = -1

    def do_GET(self):
        parts = self.path.strip("/").split("/")
        if len(parts) != 2 or parts[0] != "productpage" or not parts[1].isdigit():
            self.answer(404, {"error": "no such page"})
            return
        request_id = self.headers["X-Request-ID"]
        details = ask(f"/details/{parts[1]}", request_id)
        reviews = ask(f"/reviews/{parts[1]}", request_id)
        failed = "error" in details or "error" in reviews
        self.answer(502 if failed else 200, {"details": details, "reviews": reviews})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server(("127.0.0.1", port), Handler).serve_forever()
