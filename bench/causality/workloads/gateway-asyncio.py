"""A gateway on one asyncio loop (aiohttp). usage: gateway-asyncio.py PORT BACKEND_PORT
Paths: /one a call; /parallel three at once."""
import asyncio
import sys

from aiohttp import ClientSession, TCPConnector, web

port, backend_port = int(sys.argv[1]), int(sys.argv[2])


async def main():
    session = ClientSession(connector=TCPConnector(limit=256))

    async def call(truth, path):
        async with session.get(f"http://127.0.0.1:{backend_port}{path}", headers={"x-truth": truth}) as response:
            await response.read()

    async def handle(request):
        truth = request.headers.get("x-truth", "none")
        paths = ["/b1", "/b2", "/b3"] if request.path == "/parallel" else ["/b1"]
        if len(paths) == 1:
            await call(truth, paths[0])
        else:
            await asyncio.gather(*(call(truth, path) for path in paths))
        return web.Response(text="gateway\n")

    application = web.Application()
    application.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
