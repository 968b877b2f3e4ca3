/** Generators of what sockets carry, whole, mutated and cut anyhow: for the tests that redaction survives everything. */
import fc from 'fast-check';
import {
  mysql,
  mysqlGreeting,
  mysqlLogin,
  mysqlOk,
  postgresql,
  postgresqlBind,
  postgresqlStartup,
  resp,
} from './marked.ts';

/** One call as the redactor sees it. */
export interface ArbitraryCall {
  readonly isEgress: boolean;
  readonly startsMessage: boolean;
  readonly bytes: Buffer;
  readonly length: number;
  /** Added to the sequence number that follows from the calls before: a hole, or bytes read twice. */
  readonly sequenceStep: number;
}

const word = fc.stringMatching(/^[a-z0-9 '"$\\*=&?:@/-]{0,24}$/);
const statements = fc
  .tuple(
    fc.constantFrom(
      "create user bob password '?'",
      'ALTER ROLE bob WITH PassWord $x$?$x$ valid until',
      "set password for bob = password('?')",
      "do $a$ begin execute 'alter role x password ''?'''; end $a$",
      "/* ' */ select \"?\", '?', `?` -- ?",
      "select dblink('host=h password=? user=postgresql://a:?@h')",
      '/*! ? */ # ?',
    ),
    word,
  )
  .map(([template, value]) => template.replaceAll('?', () => value));

const message: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('GET', 'POST', 'patch', 'HEAD', 'CONNECT'),
      word,
      fc.array(fc.tuple(word, word), { maxLength: 4 }),
    )
    .map(
      ([method, path, fields]) =>
        `${method} /${path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}Cookie: a\r\n\r\n`,
    ),
  fc
    .tuple(
      fc.constantFrom(100, 101, 200, 204, 304),
      fc.constantFrom('Content-Length: 3', 'Transfer-Encoding: chunked', 'a: b'),
    )
    .map(([code, field]) => `HTTP/1.1 ${code} x\r\n${field}\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
  fc
    .array(fc.oneof(word, fc.constantFrom('AUTH', 'hello', 'config', 'set', 'ACL', 'setuser', 'requirepass')), {
      maxLength: 5,
    })
    .map((words) => resp(...words)),
  word.map((value) => `AUTH ${value}\r\n`),
  fc.constantFrom(
    '+OK\r\n',
    '$-1\r\n',
    '*2\r\n*1\r\n:1\r\n$3\r\nabc\r\n',
    '%1\r\n+a\r\n#t\r\n',
    '>2\r\n+a\r\n_\r\n',
    '-ERR x\r\n',
    '*-1\r\n',
    '*999999999\r\n',
    '$99999999999\r\n',
  ),
  statements.map((text) => postgresql('Q', `${text}\0`)),
  statements.map((text) => postgresql('P', `s\0${text}\0\0\0`) + postgresqlBind('s', 'a', '') + postgresql('S', '')),
  fc.constantFrom(
    postgresqlStartup('bob'),
    postgresql('p', 'secret\0'),
    postgresql('R', '\0\0\0\x0b'),
    postgresql('Z', 'I'),
  ),
  statements.map((text) => mysql(0, `\x03${text}`)),
  statements.map((text) => mysql(0, `\x03\x02\x01\0\x01\xfd\0\x01a\x08\0\x01b\x01x12345678${text}`)),
  fc.constantFrom(
    mysqlGreeting(),
    mysqlLogin('12345678901234567890'),
    mysqlOk(2),
    mysql(3, 'pw\0'),
    mysql(0, '\x11bob\0\x02ab\0'),
  ),
  fc.constantFrom(
    '\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x04test\0\0\x01\0\x01',
    '\0\x1a\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x04test\0\0\x01\0\x01',
  ),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);

const part = fc.record({
  isEgress: fc.boolean(),
  text: fc.array(message, { minLength: 1, maxLength: 3 }).map((texts) => texts.join('')),
  cuts: fc.array(fc.nat(), { maxLength: 4 }),
  budget: fc.constantFrom(Infinity, Infinity, 512, 64, 20, 3, 0),
  mutations: fc.array(
    fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(0, 3, 10, 13, 32, 36, 39, 42, 58, 92, 0xff), fc.nat(255))),
    {
      maxLength: 2,
    },
  ),
  sequenceStep: fc.constantFrom(0, 0, 0, 0, 5, 100_000, -7, -100_000),
});

/** Some calls of one socket. */
export const arbitraryCalls: fc.Arbitrary<ArbitraryCall[]> = fc
  .array(part, { minLength: 1, maxLength: 6 })
  .map((parts) =>
    parts.flatMap(({ isEgress, text, cuts, budget, mutations, sequenceStep }) => {
      const bytes = Buffer.from(text, 'latin1');
      for (const [place, value] of mutations) if (bytes.length > 0) bytes[place % bytes.length] = value;
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      return places.slice(1).map((end, index) => {
        const whole = bytes.subarray(places[index], end);
        const captured = Buffer.from(whole.subarray(0, Math.min(budget, whole.length)));
        const step = index === 0 ? sequenceStep : 0;
        return { isEgress, startsMessage: index === 0, bytes: captured, length: whole.length, sequenceStep: step };
      });
    }),
  );
