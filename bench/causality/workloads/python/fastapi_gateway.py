"""A gateway of FastAPI and httpx, run by uvicorn (application `app`), and one of plain `def` handlers and requests
(application `threads`), which Starlette runs in its thread pool. Ports come from the environment."""
import asyncio
import os
import threading
from contextlib import asynccontextmanager

import asyncpg
import httpx
import redis.asyncio
import requests
from fastapi import FastAPI, Header

BACKEND = f"http://127.0.0.1:{os.environ['BACKEND_PORT']}"
PATHS = ("/b1", "/b2", "/b3")
pools = {}


@asynccontextmanager
async def lifespan(_):
    limits = httpx.Limits(max_connections=256, max_keepalive_connections=256)
    pools["http"] = httpx.AsyncClient(base_url=BACKEND, limits=limits, trust_env=False, timeout=20)
    if "POSTGRES_PORT" in os.environ:
        size = int(os.environ["POOL"])
        address = f"postgres://joe@127.0.0.1:{os.environ['POSTGRES_PORT']}/postgres"
        pools["postgres"] = await asyncpg.create_pool(address, min_size=size, max_size=size)
        pools["redis"] = redis.asyncio.Redis(port=int(os.environ["REDIS_PORT"]), max_connections=256)
    yield


app = FastAPI(lifespan=lifespan)
threads = FastAPI()
local = threading.local()


async def call(truth, path):
    (await pools["http"].get(path, headers={"x-truth": truth})).raise_for_status()


@app.get("/one")
async def one(x_truth: str = Header("none")):
    await call(x_truth, PATHS[0])
    return "gateway"


@app.get("/sequence")
async def sequence(x_truth: str = Header("none")):
    for path in PATHS:
        await call(x_truth, path)
    return "gateway"


@app.get("/parallel")
async def parallel(x_truth: str = Header("none")):
    await asyncio.gather(*(call(x_truth, path) for path in PATHS))
    return "gateway"


@app.get("/databases")
async def databases(x_truth: str = Header("none")):
    await pools["redis"].get(f"cart:{x_truth}")
    await pools["postgres"].fetchval("SELECT $1::text", x_truth)
    await call(x_truth, PATHS[0])
    return "gateway"


def call_from_thread(truth, path):
    session = getattr(local, "session", None)
    if session is None:
        session = local.session = requests.Session()
        session.trust_env = False
    session.get(BACKEND + path, headers={"x-truth": truth}).raise_for_status()


@threads.get("/one")
def one_in_thread(x_truth: str = Header("none")):
    call_from_thread(x_truth, PATHS[0])
    return "gateway"


@threads.get("/sequence")
def sequence_in_thread(x_truth: str = Header("none")):
    for path in PATHS:
        call_from_thread(x_truth, path)
    return "gateway"
