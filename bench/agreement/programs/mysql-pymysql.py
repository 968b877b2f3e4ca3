# PyMySQL: text protocol only; unbuffered results, several statements, kill, set names, LOAD DATA LOCAL refused.
import sys
import pymysql
from pymysql.constants import CLIENT

port = int(sys.argv[1])


def quiet(call, *args, **kwargs):
    try:
        return call(*args, **kwargs)
    except pymysql.MySQLError:
        return None


connection = pymysql.connect(host="127.0.0.1", port=port, user="joe", password="pass", database="shop", client_flag=CLIENT.MULTI_STATEMENTS, autocommit=False, local_infile=True)
with connection.cursor() as cursor:
    cursor.execute("create or replace table py (id int primary key auto_increment, v varchar(4000))")
    cursor.executemany("insert into py (v) values (%s)", [("x" * n,) for n in range(100)])
    cursor.execute("select * from py")
    quiet(cursor.execute, "select * from py where nosuch = 1")
    quiet(cursor.execute, "insert into py values (1, 'again')")
    quiet(cursor.execute, "update py set v = repeat('x', 5000) where id = 1")
    cursor.execute("select 1; select 2; do 3")
    while cursor.nextset():
        pass
    cursor.execute("select %s", ("q" * 20000,))
    quiet(cursor.execute, "load data local infile '/nonexistent' into table py")
    cursor.execute("set @a = 1")
    cursor.execute("select @a, null, 1.5, now(), x'00ff'")
    quiet(cursor.execute, "")
    quiet(cursor.execute, "kill query 999999")
with connection.cursor(pymysql.cursors.SSCursor) as cursor:
    cursor.execute("select * from py")
    cursor.fetchone()
connection.commit()
connection.rollback()
connection.ping()
connection.select_db("mysql")
quiet(connection.select_db, "nosuch")
connection.close()
quiet(pymysql.connect, host="127.0.0.1", port=port, user="joe", password="wrong")
quiet(pymysql.connect, host="127.0.0.1", port=port, user="nobody", password="", database="nosuch")
