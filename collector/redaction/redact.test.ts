import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  anyConversation,
  cutIntoCalls,
  httpRequest,
  mysqlLogin,
  mysqlStatement,
  postgresqlLogin,
  postgresqlStatement,
  redisLogin,
  secretLetter,
  type ConversationCall,
} from './conversations.ts';
import { compilePatterns, redact, type SocketState } from './redact.ts';

function redactAll(calls: readonly ConversationCall[], patterns: readonly string[] = []): string[] {
  const state: SocketState = { ingress: 0, egress: 0 };
  const expressions = compilePatterns(patterns);
  return calls.map((call) => {
    const bytes = Buffer.from(call.bytes);
    redact({ bytes, length: call.length }, call.direction, state, expressions);
    return bytes.toString('latin1');
  });
}
const call = (text: string, length = text.length, direction: 'ingress' | 'egress' = 'egress'): ConversationCall => ({
  direction,
  bytes: Buffer.from(text, 'latin1'),
  length,
});
const one = (text: string, patterns: readonly string[] = []): string => redactAll([call(text)], patterns)[0]!;
const resp = (...parts: string[]): string =>
  `*${parts.length}\r\n${parts.map((part) => `$${part.length}\r\n${part}\r\n`).join('')}`;

describe('HTTP/1 headers', () => {
  it('overwrites the values of the four headers, in any case, and nothing else', () => {
    expect(
      one('GET / HTTP/1.1\r\nHost: a\r\nAUTHORIZATION: Bearer x\r\ncookie:a=b; c=d\r\nX-Cookie: y\r\n\r\nbody'),
    ).toBe('GET / HTTP/1.1\r\nHost: a\r\nAUTHORIZATION: ********\r\ncookie:********\r\nX-Cookie: y\r\n\r\nbody');
    expect(
      one('HTTP/1.1 200 OK\r\nSet-Cookie: s=1\r\nSet-Cookie2: k\r\nProxy-Authorization : Basic Zg==\r\n\r\n'),
    ).toBe('HTTP/1.1 200 OK\r\nSet-Cookie: ***\r\nSet-Cookie2: k\r\nProxy-Authorization : **********\r\n\r\n');
  });

  it('overwrites a value that the end of the prefix cuts, and its rest in the next call', () => {
    expect(redactAll([call('GET / HTTP/1.1\r\nCookie: aaa', 200), call('aaa\r\nHost: b\r\n', 20)])).toEqual([
      'GET / HTTP/1.1\r\nCookie: ***',
      '***\r\nHost: b\r\n',
    ]);
  });

  it('overwrites a value whose name is split over calls', () => {
    expect(redactAll([call('GET / HTTP/1.1\r\nAutho'), call('rization'), call(': x\r\n')])[2]).toBe(': *\r\n');
  });

  it('takes the first line after missing bytes of a head for the rest of a secret, unless a message starts there', () => {
    const cut = call(`GET /${'x'.repeat(500)}`, 2000);
    expect(redactAll([cut, call('secret\r\nHost: a\r\n\r\n')])[1]).toBe('******\r\nHost: a\r\n\r\n');
    expect(redactAll([cut, call('POST /b HTTP/1.1\r\nHost: a\r\n\r\n')])[1]).toBe(
      'POST /b HTTP/1.1\r\nHost: a\r\n\r\n',
    );
  });

  it('leaves the other direction of the socket alone', () => {
    expect(redactAll([call('GET / HTTP/1.1\r\nCookie: a'), call('HTTP/1.1 100\r\n', 14, 'ingress')])[1]).toBe(
      'HTTP/1.1 100\r\n',
    );
  });

  it('leaves a body alone that arrives after the head', () => {
    expect(redactAll([call('POST / HTTP/1.1\r\nCookie: a\r\n\r\n'), call('{"a":1}', 4000), call('more')])).toEqual([
      'POST / HTTP/1.1\r\nCookie: *\r\n\r\n',
      '{"a":1}',
      'more',
    ]);
  });
});

describe('logins', () => {
  it.each([
    [resp('AUTH', 'pw'), resp('AUTH', '**')],
    [resp('auth', 'bob', 'pw') + resp('PING'), resp('auth', '***', '**') + resp('PING')],
    [resp('HELLO', '3', 'AUTH', 'bob', 'pw'), resp('HELLO', '3', 'AUTH', '***', '**')],
    [resp('CONFIG', 'SET', 'requirepass', 'pw'), resp('CONFIG', 'SET', 'requirepass', '**')],
    [resp('ACL', 'SETUSER', 'bob', 'on', '>pw'), resp('ACL', 'SETUSER', 'bob', 'on', '>**')],
    [resp('SET', 'auth', 'pw'), resp('SET', 'auth', 'pw')],
    ['AUTH pw\r\n', 'AUTH **\r\n'],
  ])('Redis: %j', (before, after) => expect(one(before)).toBe(after));

  it('Redis: overwrites a password that comes in a call of its own, and leaves the next command alone', () => {
    const [login, password, next] = ['*2\r\n$4\r\nAUTH\r\n', '$2\r\npw\r\n', resp('GET', 'a')];
    expect(redactAll([call(login), call(password), call(next)])).toEqual([login, '$2\r\n**\r\n', next]);
  });

  it('PostgreSQL: overwrites the body of a password message', () => {
    expect(one('p\0\0\0\x07pw\0')).toBe('p\0\0\0\x07***');
  });

  it('MySQL: overwrites the authentication data, read after its header, and the packets of the switch that follows', () => {
    const body = `\0\x82\x08\0${'\0'.repeat(28)}bob\0\x02pwdb\0`;
    const header = `${String.fromCharCode(body.length)}\0\0\x01`;
    const query = '\x09\0\0\0\x03select 1';
    expect(redactAll([call(header), call(body), call('\x02\0\0\x03pw'), call(query)])).toEqual([
      header,
      body.replace('pwdb', '**db'),
      '\x02\0\0\x03**',
      query,
    ]);
  });

  it('SQL: overwrites literals after PASSWORD and IDENTIFIED and leaves other statements alone', () => {
    const query = (text: string): string => `Q\0\0\0${String.fromCharCode(text.length + 4)}${text}`;
    expect(one(query("CREATE USER 'bob' IDENTIFIED BY 'pw'"))).toBe(query("CREATE USER 'bob' IDENTIFIED BY '**'"));
    expect(one(query("ALTER ROLE bob PASSWORD $a$pw$a$ VALID UNTIL 'x'"))).toBe(
      query("ALTER ROLE bob PASSWORD $a$**$a$ VALID UNTIL '*'"),
    );
    expect(one(query("SELECT 'pw'"))).toBe(query("SELECT 'pw'"));
  });
});

describe('configured patterns', () => {
  it('overwrites the whole match, or the groups if there are any', () => {
    expect(one('key=abc card:1234', ['key=[a-z]+', 'card:([0-9]+)'])).toBe('******* card:****');
  });
});

/** These cuts, none of them in the first `header` bytes. */
function cutsBehind(header: number, message: Buffer, cuts: readonly number[]): number[] {
  return cuts.map((cut) => Math.min(message.length, header + (cut % Math.max(1, message.length - header))));
}

describe('any splitting', () => {
  const withSecrets = fc.oneof(
    httpRequest,
    redisLogin,
    postgresqlLogin,
    postgresqlStatement,
    mysqlLogin,
    mysqlStatement,
  );

  it('leaks nothing of a whole message', () => {
    fc.assert(
      fc.property(withSecrets, (message) => {
        expect(redactAll(cutIntoCalls(message, [], 'egress')).join('')).not.toContain(secretLetter);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    // That a message is HTTP/1 is seen in its first call, if missing bytes are to be feared.
    { name: 'HTTP/1', messages: httpRequest, header: 12 },
    { name: 'Redis', messages: redisLogin, header: 0 },
  ])('leaks nothing of $name cut into calls at any bytes, captured with any budget', ({ messages, header }) => {
    fc.assert(
      fc.property(
        messages,
        fc.array(fc.nat(), { maxLength: 5 }),
        fc.integer({ min: 12, max: 700 }),
        (message, cuts, budget) => {
          const calls = cutIntoCalls(message, cutsBehind(header, message, cuts), 'ingress', budget);
          expect(redactAll(calls).join('')).not.toContain(secretLetter);
        },
      ),
      { numRuns: 20_000 },
    );
  });

  it.each([
    { name: 'PostgreSQL password', messages: postgresqlLogin, header: 5 },
    { name: 'PostgreSQL statement', messages: postgresqlStatement, header: 40 },
    { name: 'MySQL login', messages: mysqlLogin, header: 40 },
    { name: 'MySQL statement', messages: mysqlStatement, header: 40 },
  ])('leaks nothing of a $name cut behind its head', ({ messages, header }) => {
    fc.assert(
      fc.property(messages, fc.array(fc.nat(), { maxLength: 3 }), (message, cuts) => {
        expect(redactAll(cutIntoCalls(message, cutsBehind(header, message, cuts), 'ingress')).join('')).not.toContain(
          secretLetter,
        );
      }),
      { numRuns: 5_000 },
    );
  });

  it('never throws and never changes a length, whatever the bytes', () => {
    fc.assert(
      fc.property(anyConversation, (calls) => {
        expect(redactAll(calls).map((text) => text.length)).toEqual(calls.map((call) => call.bytes.length));
      }),
      { numRuns: 20_000 },
    );
  });
});
