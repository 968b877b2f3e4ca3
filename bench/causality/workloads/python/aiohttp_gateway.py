"""A gateway of aiohttp, server and client. usage: aiohttp_gateway.py asyncio|uvloop   (ports come from the environment)"""
import asyncio
import os
import sys

import asyncpg
import redis.asyncio
import uvloop
from aiohttp import ClientSession, TCPConnector, web

BACKEND = f"http://127.0.0.1:{os.environ['BACKEND_PORT']}"
PATHS = ("/b1", "/b2", "/b3")


async def main():
    session = ClientSession(connector=TCPConnector(limit=256))
    size = int(os.environ["POOL"])
    postgres = cache = None
    if "POSTGRES_PORT" in os.environ:
        address = f"postgres://joe@127.0.0.1:{os.environ['POSTGRES_PORT']}/postgres"
        postgres = await asyncpg.create_pool(address, min_size=size, max_size=size)
        cache = redis.asyncio.Redis(port=int(os.environ["REDIS_PORT"]), max_connections=256)

    async def call(truth, path):
        async with session.get(BACKEND + path, headers={"x-truth": truth}) as response:
            response.raise_for_status()
            await response.read()

    async def handle(request):
        truth = request.headers.get("x-truth", "none")
        if request.path == "/one":
            await call(truth, PATHS[0])
        elif request.path == "/sequence":
            for path in PATHS:
                await call(truth, path)
        elif request.path == "/parallel":
            await asyncio.gather(*(call(truth, path) for path in PATHS))
        elif request.path == "/databases":
            await cache.get(f"cart:{truth}")
            await postgres.fetchval("SELECT $1::text", truth)
            await call(truth, PATHS[0])
        return web.Response(text="gateway\n")

    application = web.Application()
    application.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(os.environ["PORT"])).start()
    await asyncio.Event().wait()


(uvloop.run if sys.argv[1] == "uvloop" else asyncio.run)(main())
