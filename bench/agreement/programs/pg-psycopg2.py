# psycopg2: simple queries only; named cursors, COPY in and out, large objects, notices, cancelling.
import io, sys, threading, time
import psycopg2, psycopg2.extensions

login = dict(user=sys.argv[2], password=sys.argv[3]) if len(sys.argv) > 3 else dict(user="joe")
connection = psycopg2.connect(host="127.0.0.1", port=int(sys.argv[1]), dbname="postgres", sslmode="disable", **login)
connection.autocommit = True
cursor = connection.cursor()


def quiet(call, *args):
    try:
        call(*args)
    except psycopg2.Error:
        pass


cursor.execute("drop table if exists p2; create table p2 (id int primary key, v text)")
cursor.executemany("insert into p2 values (%s, %s)", [(n, "x" * n * 20) for n in range(40)])
cursor.execute("select * from p2")
quiet(cursor.execute, "insert into p2 values (1, 'again')")
quiet(cursor.execute, "select * from missing")
cursor.copy_from(io.StringIO("".join(f"{n}\tvalue {n}\n" for n in range(100, 600))), "p2")
quiet(cursor.copy_from, io.StringIO("1\tagain\n"), "p2")
quiet(cursor.copy_from, io.StringIO("not a number\tx\n"), "p2")
cursor.copy_to(io.StringIO(), "p2")
cursor.copy_expert("copy (select 1 where false) to stdout", io.StringIO())
connection.autocommit = False
named = connection.cursor("named")
named.itersize = 20
named.execute("select * from p2 order by id")
for _ in named:
    pass
named.close()
connection.commit()
quiet(cursor.execute, "select 1/0")
quiet(cursor.execute, "select 1")
connection.rollback()
large = connection.lobject(0, "w")
large.write("z" * 5000)
large.close()
connection.commit()
thread = threading.Thread(target=lambda: (time.sleep(0.1), connection.cancel()))
thread.start()
quiet(cursor.execute, "select pg_sleep(5)")
thread.join()
connection.rollback()
cursor.execute("prepare p as select $1::int; execute p(1); deallocate p")
connection.commit()
connection.close()
quiet(lambda: psycopg2.connect(host="127.0.0.1", port=int(sys.argv[1]), dbname="nosuch", user="joe"))
