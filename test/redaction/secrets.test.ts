/** What is covered of conversations that carry secrets, byte by byte: the secrets, all of them and nothing else. */
import { describe, expect, it } from 'vitest';
import { describeWhere } from '../requirement.ts';
import {
  client,
  cutAt,
  fromOtherEnd,
  type MarkedCall,
  mysql,
  mysqlGreeting,
  mysqlLogin,
  mysqlOk,
  postgresql,
  postgresqlBind,
  postgresqlStartup,
  resp,
  server,
} from './marked.ts';
import {
  addonMissing,
  type CaptureBudget,
  type ConnectionFacts,
  defaultBudget,
  factsAt,
  redactCalls,
  wholePayload,
} from './redact-calls.ts';

const ok = 'HTTP/1.1 204 No Content\r\n\r\n';
const get = (fields: string): string => `GET /a HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n`;
const greeted = [server(mysqlGreeting()), client(mysqlLogin('«answer of twenty byt»')), server(mysqlOk(2))];
const mysqlQuery = (text: string): string => mysql(0, `\x03${text}`);
const query = (text: string): string => postgresql('Q', `${text}\0`);
const parse = (text: string, name = ''): string => postgresql('P', `${name}\0${text}\0\0\0`);
const sync = postgresql('S', '');
const started = [client(postgresqlStartup('bob')), server(postgresql('R', '\0\0\0\0'), postgresql('Z', 'I'))];
const requested = (code: number, rest = ''): MarkedCall =>
  server(postgresql('R', `\0\0\0${String.fromCharCode(code)}${rest}`));

interface Conversation {
  readonly name: string;
  readonly port: number;
  readonly calls: readonly MarkedCall[];
}

function of(port: number, conversations: Readonly<Record<string, readonly MarkedCall[]>>): Conversation[] {
  return Object.entries(conversations).map(([name, calls]) => ({ name, port, calls }));
}

const http = of(80, {
  'authorization, any case, any blanks': [client(get('aUTHORIZATION :\t «Basic Ym9i»')), server(ok)],
  'a folded value': [client(get('Authorization: «Bearer»\r\n \t«abc»\r\nAccept: */*')), server(ok)],
  'a field that looks folded': [client(get(' Authorization: «Bearer abc»')), server(ok)],
  cookies: [
    client(get('Cookie: «a=b; c=d»\r\nCookie2: «$Version=1»\r\nX-Cookies: none')),
    server('HTTP/1.1 204 No Content\r\nSet-Cookie: «a=b; Path=/»\r\nSet-Cookie2: «c»\r\n\r\n'),
  ],
  'fields of keys and tokens': [
    client(
      get(
        'X-Api-Key: «k»\r\nX-Auth-Token: «t»\r\nX-Vault-Token: «v»\r\nX-Amz-Security-Token: «s»\r\nProxy-Authorization: «p»\r\nPRIVATE-TOKEN: «g»\r\nX-Client-Secret: «c»',
      ),
    ),
    server(ok),
  ],
  'fields of assertions': [
    client(get('X-Jwt-Assertion: «j»\r\nX-Goog-IAP-JWT-Assertion: «i»\r\nX-Access-Jwt: «a»\r\nX-JWT: «x»')),
    server(ok),
  ],
  'fields that only sound so': [
    client(
      get(
        'X-Author: bob\r\nX-Tokens: 3\r\nSecretary: none\r\nAuthority: x\r\nX-Assertions: 2\r\nKey: 1\r\nX-Request-ID: 7',
      ),
    ),
    server(ok),
  ],
  'a token as a subprotocol': [
    client(get('Sec-WebSocket-Protocol: chat, bearer«, abc.def»')),
    server('HTTP/1.1 204 No Content\r\nSec-WebSocket-Protocol: chat\r\n\r\n'),
  ],
  'parameters of the target': [
    client('GET /a?user=bob&password=«x»&access_token=«y»&page=2&pass%77ord=«z»#code=«c» HTTP/1.1\r\n\r\n'),
    server(ok),
  ],
  'parameters with blanks in front, or a name of several words': [
    client('GET /a?+password=«x»&%20pwd=«y»&my+token=«z»&+page=2 HTTP/1.1\r\n\r\n'),
    server(ok),
  ],
  'parameters that only sound so': [
    client('GET /a?author=bob&tokens=3&passage=4&codec=5&secrets=6&token HTTP/1.1\r\n\r\n'),
    server(ok),
  ],
  'a form field of an object': [client('GET /a?user[name]=bob&user[password]=«x» HTTP/1.1\r\n\r\n'), server(ok)],
  'form fields of lists': [
    client('GET /a?password[]=«x»&token[0]=«y»&list[]=z&user[password][0]=«p» HTTP/1.1\r\n\r\n'),
    server(ok),
  ],
  'a signed URL': [
    client('GET /o?X-Amz-Credential=«AKIA/2026»&X-Amz-Signature=«0af»&X-Amz-Date=20261128 HTTP/1.1\r\n\r\n'),
    server(ok),
  ],
  'a session in the path': [client('GET /a;jsessionid=«0AF» HTTP/1.1\r\n\r\n'), server(ok)],
  'credentials in the authority': [
    client('GET http://bob:«p@ss»@up.test/a HTTP/1.1\r\nReferer: https://eve:«pw»@x/y?code=«9»\r\n\r\n'),
    server('HTTP/1.1 302 Found\r\nLocation: /cb#access_token=«abc»&state=1\r\nContent-Length: 0\r\n\r\n'),
  ],
  'a port is no password': [
    client('GET http://up.test:8080/a HTTP/1.1\r\nReferer: http://x:81/\r\nForwarded: for=1.2.3.4;host=x:82\r\n\r\n'),
    server(ok),
  ],
  'pipelined requests': [
    client(get('Accept: */*'), get('Authorization: «x»'), get('Accept: */*')),
    server(ok, ok, 'HTTP/1.1 204 No Content\r\nSet-Cookie: «a»\r\n\r\n'),
  ],
  'lines ended by LF': [client('GET / HTTP/1.0\nAuthorization: «x»\nAccept: */*\n\n'), server('HTTP/1.0 304 -\n\n')],
  'a lower-case method': [client('patch /a HTTP/1.1\r\nAuthorization: «x»\r\n\r\n'), server(ok)],
  trailers: [
    client('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Api-Key: «k»\r\n\r\n', get('Cookie: «c»')),
    server(ok, ok),
  ],
});

const redis = of(6379, {
  AUTH: [client(resp('AUTH', '«pw»')), server('+OK\r\n'), client(resp('GET', 'auth')), server('$-1\r\n')],
  'AUTH of a user': [client(resp('auth', 'bob', '«pw»')), server('+OK\r\n')],
  'AUTH in a pipeline': [
    client(resp('PING'), resp('AUTH', '«pw»'), resp('SET', 'auth', 'x')),
    server('+PONG\r\n+OK\r\n+OK\r\n'),
  ],
  'HELLO with AUTH': [
    client(resp('HELLO', '3', 'AUTH', 'auth', '«pw»', 'SETNAME', 'me')),
    server('%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n'),
  ],
  inline: [
    client(
      'AUTH «pw»\r\n',
      'auth bob «"p w"»\r\n'.replace('«"', '"«').replace('"»', '»"'),
      'SET k v\r\n',
      'AUTH\t«t»\r\n',
    ),
    server('+OK\r\n+OK\r\n+OK\r\n+OK\r\n'),
  ],
  'an empty line first': [client('\r\n', resp('AUTH', '«pw»')), server('+OK\r\n')],
  'inline, spelt with escapes and quotes': [
    client('PING\r\n', '"\\x41UTH" «pw»\r\n', 'AU"TH" bob «pw»\r\n', "CONFIG SET 'requirepass' «pw»\r\n"),
    client('CONFIG "\\x53ET" require"p"ass «pw»\r\n', 'SET "\\x41" \'AUTH x\'\r\n'),
    server('+PONG\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n'),
  ],
  'CONFIG SET': [
    client(resp('CONFIG', 'SET', 'timeout', '1', 'requirepass', '«a»', 'masterauth', '«b»', 'maxmemory', '1gb')),
    server('+OK\r\n'),
    client(resp('config', 'set', 'primaryauth', '«c»'), resp('CONFIG', 'SET', 'tls-key-file-pass', '«d»')),
    server('+OK\r\n+OK\r\n'),
  ],
  'CONFIG GET': [
    client(resp('CONFIG', 'GET', '*')),
    server(resp('maxmemory', '0', 'requirepass', '«pw»', 'timeout', '1', 'masterauth', '«m»')),
  ],
  ACL: [
    client(resp('ACL', 'SETUSER', 'bob', 'on', '>«pw»', '<«old»', '#«0af»', '~*', '+@all')),
    server('+OK\r\n'),
    client(resp('ACL', 'GENPASS')),
    server('$4\r\n«0af1»\r\n'),
    client(resp('GET', 'a')),
    server('$4\r\n0af1\r\n'),
    client(resp('ACL', 'LIST')),
    server(resp('user bob on #«0af» ~* +@all', 'user eve off nopass')),
    client(resp('ACL', 'GETUSER', 'bob')),
    server('*4\r\n$9\r\npasswords\r\n*2\r\n$3\r\n«0af»\r\n$3\r\n«1af»\r\n$4\r\nkeys\r\n$1\r\n*\r\n'),
  ],
  MIGRATE: [
    client(resp('MIGRATE', 'h', '6379', 'auth', '0', '10', 'AUTH2', 'bob', '«pw»')),
    server('+OK\r\n'),
    client(resp('MIGRATE', 'h', '6379', '', '0', '10', 'COPY', 'AUTH', '«pw»', 'KEYS', 'a')),
    server('+OK\r\n'),
  ],
  SENTINEL: [
    client(resp('SENTINEL', 'SET', 'main', 'auth-pass', '«pw»', 'quorum', '2'), 'SENTINEL SET main auth-pass «pw»\r\n'),
    server('+OK\r\n+OK\r\n'),
    client(resp('SENTINEL', 'CONFIG', 'SET', 'sentinel-pass', '«pw»')),
    server('+OK\r\n'),
  ],
  'errors that repeat an argument': [
    client(resp('ACL', 'SETUSER', 'bob', '<«pw»')),
    server("-ERR Error in ACL SETUSER modifier '«<pw»': The password you are trying to remove does not exist\r\n"),
    client(resp('GET', 'a')),
    server("-ERR Syntax error in HELLO option '«pw»'\r\n"),
    client(resp('NOSUCH', 'x')),
    server("-ERR unknown command 'NOSUCH', with args beginning with: 'x' \r\n"),
  ],
  'replies that are no commands': [
    client(resp('LRANGE', 'l', '0', '-1')),
    server(resp('AUTH', 'no secret')),
    client(resp('MGET', 'a', 'b')),
    server('*2\r\n$-1\r\n$1\r\nx\r\n'),
    client(resp('LPUSH', 's', '1')),
    server('-WRONGTYPE Operation against a key\r\n'),
  ],
});

const postgresqlCases = of(5432, {
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
});

const mysqlCases = of(3306, {
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
});

const conversations = [...http, ...redis, ...postgresqlCases, ...mysqlCases];
/** The text with what was overwritten marked, as the conversations above have it; what is held back as `…`. */
function remarked(calls: readonly MarkedCall[], connection: ConnectionFacts): string[] {
  return redactCalls(calls, connection).map(({ captured, payload, redacted }) => {
    let text = '';
    let at = 0;
    for (let index = 0; index < redacted.length; index += 2) {
      const [offset, length] = [redacted[index]!, redacted[index + 1]!];
      text += captured.toString('latin1', at, offset);
      text += offset >= payload.length ? '…' : `«${captured.toString('latin1', offset, offset + length)}»`;
      at = offset + length;
    }
    return text + captured.toString('latin1', at);
  });
}

function marked(calls: readonly MarkedCall[]): string[] {
  return calls.map(({ bytes, secret }) =>
    Array.from(bytes, (byte, index) => {
      const before = secret[index] === true && secret[index - 1] !== true ? '«' : '';
      const after = secret[index] === true && secret[index + 1] !== true ? '»' : '';
      return `${before}${String.fromCharCode(byte)}${after}`;
    }).join(''),
  );
}

/** Secrets that were sent as they are, each as a text. */
function leaks(calls: readonly MarkedCall[], connection: ConnectionFacts, budget: CaptureBudget): string[] {
  return redactCalls(calls, connection, budget).flatMap(({ payload, captured, redacted }, index) => {
    const covered = (at: number): boolean => {
      for (let pair = 0; pair < redacted.length; pair += 2)
        if (at >= redacted[pair]! && at < redacted[pair]! + redacted[pair + 1]!) return true;
      return false;
    };
    const { secret } = calls[index]!;
    // A quote at the end of a call may be the first of two, or the last.
    const sent = Array.from(payload, (_, at) => at).filter(
      (at) => secret[at] === true && captured[at] !== 0x27 && !covered(at),
    );
    return sent.map((at) => captured.toString('latin1', Math.max(0, at - 20), at + 1));
  });
}

describeWhere(addonMissing(), 'secrets', () => {
  describe.each([
    { end: 'client' as const, isKnown: true },
    { end: 'server' as const, isKnown: true },
    { end: 'client' as const, isKnown: false },
  ])('seen by the $end, connection seen from its beginning: $isKnown', ({ end, isKnown }) => {
    it.each(conversations)('$name (port $port): exactly the secrets are covered', ({ port, calls }) => {
      const seen = end === 'client' ? [...calls] : fromOtherEnd(calls);
      const connection = factsAt(end, port, isKnown);
      if (calls[0]!.bytes[3] === 3 && port === 3306) expect(remarked(seen, connection)[0]).toBe('…');
      else expect(remarked(seen, connection)).toEqual(marked(seen));
    });
  });

  it.each(['hunter2', 'my hunter2', 'GETsecret', 'secret /a'])('"%s" behind a message of HTTP is not sent', (text) => {
    const request = 'POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n';
    const connection = factsAt('client', 80, true);
    for (const calls of [
      [client(request, `«${text}»`)],
      [client(request), client(`«${text}»`)],
      [client(request), server(ok), client(`«${text}»`)],
    ])
      expect(leaks(calls, connection, wholePayload)).toEqual([]);
  });

  it('a body behind an interim response is not sent, also when it looks like a request', () => {
    const body = 'POST /secret HTTP/1.1\r\nX-Secret-Of: me\r\n\r\n';
    const head = `POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`;
    const calls = [client(head), server('HTTP/1.1 100 Continue\r\n\r\n'), client(`«${body}»`), server(ok)];
    expect(leaks(calls, factsAt('client', 80, true), wholePayload)).toEqual([]);
    expect(leaks(fromOtherEnd(calls), factsAt('server', 80, true), wholePayload)).toEqual([]);
  });

  // Parameters are judged by their statement, where that was seen.
  const cuttable = conversations.filter(({ name }) => !name.startsWith('parameters of a statement'));

  it.each(cuttable)('$name (port $port): nothing leaks wherever calls are cut', ({ port, calls }) => {
    const connection = factsAt('client', port, true);
    const longest = Math.max(...calls.map(({ bytes }) => bytes.length));
    for (let place = 1; place < longest; place++) {
      const cut = cutAt(calls, [place]);
      expect({ place, leaks: leaks(cut, connection, wholePayload) }).toEqual({ place, leaks: [] });
      const budget = { payloadBytes: Math.max(64, place), continuationBytes: 32 };
      expect({ place, leaks: leaks(cut, connection, budget) }).toEqual({ place, leaks: [] });
    }
    const single = cutAt(
      calls,
      Array.from({ length: longest }, (_, index) => index),
    );
    expect(leaks(single, connection, wholePayload)).toEqual([]);
    expect(leaks(single, connection, defaultBudget)).toEqual([]);
  });
});
