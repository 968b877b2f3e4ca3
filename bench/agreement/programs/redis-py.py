# redis-py: RESP2 and RESP3, with and without hiredis; pipelines without transactions, subscriptions, blocking calls.
import sys, threading, time
import redis

port = int(sys.argv[1])
login = dict(username=sys.argv[2], password=sys.argv[3]) if len(sys.argv) > 3 else {}


def quiet(call, *args, **kwargs):
    try:
        return call(*args, **kwargs)
    except redis.RedisError:
        return None


for protocol in (2, 3):
    client = redis.Redis(port=port, protocol=protocol, **login)
    client.set("py:a", b"\x00\xff\r\n" * 300)
    client.get("py:a")
    client.get("py:none")
    quiet(client.incr, "py:a")
    quiet(client.execute_command, "NOSUCH", "x" * 600)
    with client.pipeline(transaction=False) as pipe:
        for n in range(30):
            pipe.set(f"py:{n}", "v" * n * 30)
            pipe.get(f"py:{n}")
        pipe.execute()
    with client.pipeline() as pipe:
        pipe.set("py:t", 1)
        pipe.incr("py:t")
        pipe.execute()
    with client.pipeline() as pipe:
        pipe.lpush("py:t", 1)
        quiet(pipe.execute)
    client.hset("py:h", mapping={str(n): "x" * n for n in range(50)})
    client.hgetall("py:h")
    client.zadd("py:z", {"a": 1.5, "b": 2})
    client.zrange("py:z", 0, -1, withscores=True)
    client.sadd("py:s", *range(20))
    client.smembers("py:s")
    client.sismember("py:s", 1)
    client.geoadd("py:g", (13.36, 38.11, "x"))
    client.geopos("py:g", "x", "none")
    quiet(client.blpop, "py:empty", 0.05)
    client.client_list()
    client.config_get("*")
    client.slowlog_get()
    quiet(client.eval, "return redis.call('incr', KEYS[1])", 1, "py:a")
    client.eval("return 3.99", 0)
    subscription = client.pubsub()
    subscription.subscribe("news", "other")
    subscription.psubscribe("n*")
    for n in range(4):
        client.publish("news", "m" * n * 250)
    deadline = time.time() + 0.2
    while time.time() < deadline:
        subscription.get_message(timeout=0.02)
    subscription.unsubscribe("news")
    subscription.get_message(timeout=0.05)
    subscription.close()
    client.close()
