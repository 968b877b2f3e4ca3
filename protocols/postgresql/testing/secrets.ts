import {
  client,
  server,
  postgresql,
  postgresqlBind,
  postgresqlStartup,
  type MarkedCall,
} from '../../testing/marked.ts';

const query = (text: string): string => postgresql('Q', `${text}\0`);
const parse = (text: string, name = ''): string => postgresql('P', `${name}\0${text}\0\0\0`);
const sync = postgresql('S', '');
const started = [client(postgresqlStartup('bob')), server(postgresql('R', '\0\0\0\0'), postgresql('Z', 'I'))];
const requested = (code: number, rest = ''): MarkedCall =>
  server(postgresql('R', `\0\0\0${String.fromCharCode(code)}${rest}`));

/** Conversations with their secrets marked. */
export const secrets: Readonly<Record<string, readonly MarkedCall[]>> = {
  'a password': [client(postgresqlStartup('bob')), requested(3), client(postgresql('p', '«pw\0»'))],
  'an MD5 answer': [client(postgresqlStartup('bob')), requested(5, 'salt'), client(postgresql('p', '«md50af\0»'))],
  'SCRAM: the proof': [
    client(postgresqlStartup('bob')),
    requested(10, 'SCRAM-SHA-256\0\0'),
    client(postgresql('p', 'SCRAM-SHA-256\0\0\0\0\x0an,,n=,r=ab')),
    requested(11, 'r=abcd,s=c2FsdA==,i=4096'),
    client(postgresql('p', 'c=biws,r=abcd,p=«cHJvb2Y=»')),
  ],
  'another mechanism': [
    client(postgresqlStartup('bob')),
    requested(10, 'OAUTHBEARER\0\0'),
    client(postgresql('p', '«OAUTHBEARER\0\0\0\0\x04n,,x»')),
  ],
  'passwords of roles': [
    ...started,
    client(query("CREATE ROLE bob LOGIN PASSWORD '«p''w»' VALID UNTIL 'infinity'")),
    server(postgresql('C', 'CREATE ROLE\0'), postgresql('Z', 'I')),
    client(query("SELECT now(), 'password'")),
    server(postgresql('C', 'SELECT 1\0'), postgresql('Z', 'I')),
    client(query("ALTER ROLE \"password_svc\" PASSWORD E'«a\\'b»'; SELECT 'x'")),
  ],
  'every kind of literal': [
    ...started,
    client(query('ALTER ROLE bob PASSWORD $$«pw»$$')),
    server(postgresql('C', 'ALTER ROLE\0'), postgresql('Z', 'I')),
    client(query("/* it's */ ALTER -- isn't\n ROLE bob ENCRYPTED PASSWORD $t$«p$$w»$t$")),
  ],
  'behind other messages of the batch': [
    ...started,
    client(
      postgresqlBind('S_1'),
      postgresql('E', '\0\0\0\0\0'),
      parse("ALTER ROLE bob PASSWORD '«pw»'"),
      postgresqlBind(''),
      postgresql('E', '\0\0\0\0\0'),
      sync,
    ),
  ],
  'parameters of a statement about a password': [
    ...started,
    client(parse('UPDATE users SET password = $1 WHERE id = $2', 's1'), postgresqlBind('s1', '«pw»', '«7»'), sync),
    server(postgresql('1', ''), postgresql('2', ''), postgresql('Z', 'I')),
    client(parse('SELECT $1', 's2'), postgresqlBind('s2', 'pw'), sync),
    server(postgresql('1', ''), postgresql('2', ''), postgresql('Z', 'I')),
    client(postgresqlBind('s1', '«other»', '«8»'), sync),
  ],
  'connection strings': [
    ...started,
    client(query("CREATE SUBSCRIPTION s CONNECTION 'host=h password=«pw» user=u' PUBLICATION p")),
    server(postgresql('C', 'CREATE SUBSCRIPTION\0'), postgresql('Z', 'I')),
    client(query("SELECT * FROM dblink('postgresql://bob:«pw»@h/db?sslpassword=«x»', 'SELECT 1') AS t(a int)")),
    server(postgresql('C', 'SELECT 1\0'), postgresql('Z', 'I')),
    client(query("ALTER SYSTEM SET primary_conninfo = 'user=u password = «pw»'")),
  ],
  'a statement in a statement': [
    ...started,
    client(query("DO $$ BEGIN EXECUTE 'ALTER ROLE x PASSWORD ''«p''''w»'' VALID UNTIL ''x'''; END $$")),
    server(postgresql('C', 'DO\0'), postgresql('Z', 'I')),
    client(query("INSERT INTO notes VALUES ('my password isn''t here')")),
  ],
  'errors that repeat a statement': [
    ...started,
    client(query("ALTER ROLE bob PASSWORD '«pw»' '«pw»'")),
    server(postgresql('E', `SERROR\0C42601\0Msyntax error at or near "«'pw'»"\0P39\0\0`), postgresql('Z', 'I')),
    client(query('SELECT f()')),
    server(
      postgresql('N', `SNOTICE\0C00000\0Malter role x password '«pw»'\0\0`),
      postgresql('E', `SERROR\0C42704\0Mno role "x"\0WSQL statement "ALTER ROLE x PASSWORD '«pw'"\nin f»\0\0`),
      postgresql('Z', 'I'),
    ),
    client(query('SELECT password FROM t')),
    server(
      postgresql('E', `SERROR\0C42703\0Mcolumn "password" does not exist\0HTry "u.password".\0\0`),
      postgresql('E', `SERROR\0C42601\0Msyntax error at or near "FROM"\0\0`),
      postgresql('E', `SFATAL\0C28P01\0Mpassword authentication failed for user "bob"\0\0`),
      postgresql('Z', 'I'),
    ),
  ],
  'nothing secret': [
    ...started,
    client(query('SELECT now()')),
    server(postgresql('C', 'SELECT 1\0'), postgresql('Z', 'I')),
    client(query("SET password_encryption = 'scram-sha-256'")),
    server(postgresql('C', 'INSERT 0 100\0'), postgresql('Z', 'I')),
    client(query("DELETE FROM orders WHERE id = '17'")),
  ],
};
