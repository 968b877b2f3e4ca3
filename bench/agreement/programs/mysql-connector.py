# MySQL's own connector for Python (pure): prepared statements, cursors, cmd_change_user, cmd_reset_connection.
import sys
import mysql.connector

connection = mysql.connector.connect(host="127.0.0.1", port=int(sys.argv[1]), user="joe", password="pass", database="shop", use_pure=True, ssl_disabled=True, auth_plugin="mysql_native_password")


def quiet(call, *args, **kwargs):
    try:
        return call(*args, **kwargs)
    except Exception:
        return None


cursor = connection.cursor()
cursor.execute("create or replace table mc (id int primary key, v longblob)")
cursor.execute("insert into mc values (1, %s)", (b"\x00\xff" * 1000,))
cursor.execute("select * from mc")
cursor.fetchall()
quiet(cursor.execute, "selec")
cursor.close()
prepared = connection.cursor(prepared=True)
for n in range(5):
    prepared.execute("select id, v from mc where id >= ?", (n,))
    prepared.fetchall()
quiet(prepared.execute, "insert into mc values (?, ?)", (1, b"x" * 3000))
prepared.close()
connection.commit()
quiet(connection.cmd_ping)
quiet(connection.cmd_reset_connection)
quiet(connection.cmd_change_user, "kim", "other", "shop")
quiet(connection.cmd_statistics)
quiet(connection.cmd_process_info)
quiet(connection.cmd_debug)
quiet(connection.cmd_init_db, "shop")
for result in connection.cmd_query_iter("select 1; select 2"):
    if "columns" in result:
        connection.get_rows()
connection.close()
