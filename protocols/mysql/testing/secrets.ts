import { client, server, mysql, mysqlGreeting, mysqlLogin, mysqlOk, type MarkedCall } from '../../testing/marked.ts';

const greeted = [server(mysqlGreeting()), client(mysqlLogin('«answer of twenty byt»')), server(mysqlOk(2))];
const mysqlQuery = (text: string): string => mysql(0, `\x03${text}`);

/** Conversations with their secrets marked. */
export const secrets: Readonly<Record<string, readonly MarkedCall[]>> = {
  'a login': [...greeted, client(mysqlQuery('SELECT 1')), server(mysqlOk(1))],
  'a full authentication': [
    server(mysqlGreeting()),
    client(mysqlLogin('«0123456789»')),
    server(mysql(2, '\x01\x04')),
    client(mysql(3, '«password\0»')),
    server(mysqlOk(4)),
    client(mysqlQuery("SELECT 'password'")),
  ],
  'an authentication switch, answered by nothing': [
    server(mysqlGreeting()),
    client(mysqlLogin('')),
    server(mysql(2, '\xfemysql_native_password\0abcdefghijklmnopqrst\0')),
    client(mysql(3, '')),
    server(mysqlOk(4)),
    client(mysqlQuery('SELECT * FROM nosuch')),
    server(mysql(1, "\xff\x7a\x04#42S02Table 'nosuch' doesn't exist")),
    client(mysqlQuery('SELECT 1')),
  ],
  'another user': [
    ...greeted,
    client(mysql(0, `\x11bob\0\x0a«0123456789»shop\0\x21\0mysql_native_password\0`)),
    server(mysql(1, '\xfemysql_clear_password\0')),
    client(mysql(2, '«pw\0»')),
    server(mysqlOk(3)),
    client(mysqlQuery('SELECT 1')),
  ],
  'an authentication whose beginning was not seen': [client(mysql(3, 'password\0')), server(mysqlOk(4))],
  statements: [
    ...greeted,
    client(mysqlQuery("CREATE USER 'password_svc'@'%' IDENTIFIED BY '«p\\'w»' REQUIRE SSL")),
    server(mysqlOk(1)),
    client(mysqlQuery(`ALTER USER bob IDENTIFIED WITH mysql_native_password AS 0x«2a0f»`)),
    server(mysqlOk(1)),
    client(mysqlQuery(`SET PASSWORD FOR 'bob'@'%' = PASSWORD("«pw»")`)),
    server(mysqlOk(1)),
    client(mysqlQuery("CHANGE REPLICATION SOURCE TO SOURCE_HOST='h', SOURCE_PASSWORD='«pw»'")),
    server(mysqlOk(1)),
    client(mysqlQuery("SELECT 'a', \"it's\" -- password 'x'\n")),
    server(mysqlOk(1)),
    client(mysqlQuery("/*!50701 ALTER USER bob IDENTIFIED BY '«pw»' */")),
  ],
  'errors that repeat a statement': [
    ...greeted,
    client(mysqlQuery("CREATE USER a IDENTIFIED BY PASSWORD '«pw»'")),
    server(mysql(1, "\xff\x28\x04#42000You have an error near '«PASSWORD 'pw'' at line 1»")),
    client(mysqlQuery('SELECT password FROM t')),
    server(mysql(1, "\xff\x1e\x04#42S22Unknown column 'password' in 'field list'")),
    client(mysqlQuery('SELECT 1')),
    server(mysql(1, "\xff\x15\x04#28000Access denied for user 'bob'@'h' (using password: YES)")),
  ],
  'a statement behind query attributes': [
    server(mysqlGreeting()),
    client(mysqlLogin('«0123456789»', 0x0828_8208)),
    server(mysqlOk(2)),
    client(mysqlQuery("\x01\x01\0\x01\xfd\0\x03foo\x03b'rCREATE USER bob IDENTIFIED BY '«pw»'")),
  ],
  'parameters of a statement about a password': [
    ...greeted,
    client(mysql(0, '\x16UPDATE users SET password = ? WHERE id = 1')),
    server(mysql(1, '\0\x07\0\0\0\0\0\x01\0\0\0\0')),
    client(mysql(0, '\x17\x07\0\0\0\0\x01\0\0\0«\0\x01\xfd\0\x02pw»')),
    server(mysqlOk(1)),
    client(mysql(0, '\x17\x08\0\0\0\0\x01\0\0\0\0\x01\xfd\0\x02pw')),
  ],
  'a prepare of 112 bytes': [
    ...greeted,
    client(mysql(0, `\x16SELECT v FROM some_table WHERE id = ?${' '.repeat(112 - 37)}`)),
    server(mysql(1, '\0\x07\0\0\0\0\0\x01\0\0\0\0')),
    client(mysqlQuery('SELECT 1')),
  ],
};
