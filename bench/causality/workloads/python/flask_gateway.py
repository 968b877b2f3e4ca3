"""A gateway of Flask and requests, run by gunicorn. Ports come from the environment."""
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pymysql
import redis
import requests
from flask import Flask, request

BACKEND = f"http://127.0.0.1:{os.environ['BACKEND_PORT']}"
PATHS = ("/b1", "/b2", "/b3")
app = Flask(__name__)
local = threading.local()
pool = ThreadPoolExecutor(12)
cache = redis.Redis(port=int(os.environ.get("REDIS_PORT", "0")))


def of_thread(name, create):
    """What a thread keeps for itself, such as a connection."""
    kept = getattr(local, name, None)
    if kept is None:
        kept = create()
        setattr(local, name, kept)
    return kept


def session():
    created = requests.Session()
    created.trust_env = False
    return created


def postgres():
    address = {"host": "127.0.0.1", "port": int(os.environ["POSTGRES_PORT"])}
    connection = psycopg2.connect(**address, user="joe", dbname="postgres")
    connection.autocommit = True
    return connection


def mariadb():
    address = {"host": "127.0.0.1", "port": int(os.environ["MARIADB_PORT"])}
    return pymysql.connect(**address, user="joe", password="pass", database="shop", autocommit=True)


def call(truth, path):
    of_thread("session", session).get(BACKEND + path, headers={"x-truth": truth}).raise_for_status()


def query(connection, statement, truth):
    with connection.cursor() as cursor:
        cursor.execute(statement, (truth,))
        cursor.fetchall()


@app.get("/<path>")
def handle(path):
    truth = request.headers.get("x-truth", "none")
    if path == "one":
        call(truth, PATHS[0])
    elif path == "sequence":
        for each in PATHS:
            call(truth, each)
    elif path == "parallel":
        list(pool.map(lambda each: call(truth, each), PATHS))
    elif path == "databases":
        cache.get(f"cart:{truth}")
        query(of_thread("postgres", postgres), "SELECT %s::text", truth)
        call(truth, PATHS[0])
        query(of_thread("mariadb", mariadb), "SELECT concat(%s, 'x')", truth)
    return "gateway\n"
