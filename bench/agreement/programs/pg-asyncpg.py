# asyncpg: Parse with Flush, Describe, Bind and Execute with Sync; cursors with row limits; COPY of records.
import asyncio, sys
import asyncpg


async def quiet(awaitable):
    try:
        return await awaitable
    except asyncpg.PostgresError:
        return None


async def main():
    connection = await asyncpg.connect(host="127.0.0.1", port=int(sys.argv[1]), user="joe", database="postgres", ssl=False)
    await connection.execute("drop table if exists pa; create table pa (id int primary key, v text)")
    await connection.executemany("insert into pa values ($1, $2)", [(n, "x" * n * 10) for n in range(100)])
    for n in range(6):
        await connection.fetch("select * from pa where id > $1", n)
    await quiet(connection.fetch("select * from missing where id = $1", 1))
    await quiet(connection.execute("insert into pa values ($1, $2)", 1, "again"))
    await quiet(connection.executemany("insert into pa values ($1, $2)", [(5000, "a"), (1, "again")]))
    async with connection.transaction():
        async for _ in connection.cursor("select * from pa", prefetch=15):
            pass
    await connection.copy_records_to_table("pa", records=[(n, "copied") for n in range(1000, 1400)])
    await quiet(connection.copy_records_to_table("pa", records=[(1000, "again")]))
    statement = await connection.prepare("select $1::int")
    await statement.fetchval(1)
    await quiet(connection.prepare("selec"))
    await connection.reset()
    await connection.close()


asyncio.run(main())
