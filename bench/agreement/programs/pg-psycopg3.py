# psycopg 3: extended protocol, binary results, server-side prepared statements, pipeline mode, COPY.
import sys
import psycopg

login = dict(user=sys.argv[2], password=sys.argv[3]) if len(sys.argv) > 3 else dict(user="joe")
connection = psycopg.connect(host="127.0.0.1", port=int(sys.argv[1]), dbname="postgres", sslmode="disable", autocommit=True, **login)


def quiet(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except psycopg.Error:
        pass


connection.execute("drop table if exists p3")
connection.execute("create table p3 (id int primary key, v text)")
for n in range(12):
    connection.execute("insert into p3 values (%s, %s)", (n, "x" * n * 100))
for n in range(8):
    connection.execute("select * from p3 where id > %s", (n,), binary=True).fetchall()
quiet(connection.execute, "insert into p3 values (%s, %s)", (1, "again"))
quiet(connection.execute, "select * from missing where id = %s", (1,))
with connection.pipeline() as pipeline:
    for n in range(100, 120):
        connection.execute("insert into p3 values (%s, %s)", (n, "y" * 30))
    connection.execute("select count(*) from p3")
    pipeline.sync()
    connection.execute("select 1")
try:
    with connection.pipeline():
        connection.execute("select 1")
        connection.execute("select 1/0")
        connection.execute("select 2")
        connection.execute("select 3")
except psycopg.Error:
    pass
with connection.pipeline() as pipeline:
    for n in range(6):
        connection.execute("select %s::int + 1", (n,))
        pipeline.sync()
with connection.cursor() as cursor:
    cursor.executemany("insert into p3 values (%s, %s)", [(n, "z") for n in range(200, 260)])
    with cursor.copy("copy p3 (id, v) from stdin") as copy:
        for n in range(1000, 1200):
            copy.write_row((n, "copied " * 5))
    with cursor.copy("copy p3 to stdout") as copy:
        for _ in copy:
            pass
    try:
        with cursor.copy("copy p3 from stdin") as copy:
            copy.write("not a number\tx\n")
    except psycopg.Error:
        pass
    try:
        with cursor.copy("copy p3 from stdin") as copy:
            copy.write("5000\tx\n")
            raise ValueError("stopped")
    except ValueError:
        pass
with connection.transaction():
    connection.execute("delete from p3 where id = %s", (1,))
    quiet(lambda: connection.transaction().__enter__().connection.execute("select 1"))
with connection.transaction(), connection.cursor(name="named") as cursor:
    cursor.execute("select * from p3 where id > %s", (0,))
    while cursor.fetchmany(50):
        pass
connection.close()
