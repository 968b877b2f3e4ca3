# requests (one session kept alive), aiohttp with several connections, and http.client.
import asyncio, http.client, sys
import aiohttp, requests

which, port = sys.argv[1], int(sys.argv[2])
origin = f"http://127.0.0.1:{port}"
paths = ["/", "/items/42", "/chunked", "/large", "/empty", "/cached", "/moved", "/private", "/failing", "/nosuch", "/binary", "/early-hints", "/trailers"]


def with_requests():
    session = requests.Session()
    for path in paths:
        session.get(origin + path, params={"q": "a b", "ü": "ä"})
        session.head(origin + path)
    session.post(origin + "/upload", data=b"x" * 5000)
    session.post(origin + "/upload", data=iter([b"a" * 700, b"b" * 700]))
    session.put(origin + "/upload", json={"a": [1, 2, 3]})
    session.post(origin + "/upload", files={"file": ("name.bin", bytes(range(256)) * 10)})
    session.get(origin + "/cached", headers={"If-None-Match": '"v1"'})
    session.get(origin + "/private", auth=("joe", "pass"))
    session.request("M-SEARCH", origin + "/")
    session.request("PROPFIND", origin + "/nosuch")


async def with_aiohttp():
    async with aiohttp.ClientSession() as session:
        async def get(path):
            async with session.get(origin + path) as response:
                await response.read()
        for _ in range(3):
            await asyncio.gather(*(get(path) for path in paths))
        async with session.post(origin + "/upload", data="y" * 4000) as response:
            await response.read()


def with_http_client():
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for path in paths:
        connection.request("GET", path, headers={"X-Request-ID": "r" + path})
        connection.getresponse().read()
    connection.request("POST", "/upload", body=b"", headers={"Content-Length": "0"})
    connection.getresponse().read()
    connection.request("GET", "/?" + "long=" * 400)
    connection.getresponse().read()
    connection.close()


{"requests": with_requests, "aiohttp": lambda: asyncio.run(with_aiohttp()), "http.client": with_http_client}[which]()
