/** SPANLOOM_COLLECTOR_REDACT_VALUES: kinds of which all values are covered, and the spans that are left. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { captureConfig } from '../../collector/capture/config.ts';
import { redactionOptions } from '../../collector/capture/redaction-options.ts';
import { connectionEvents, spansOfEvents, type Step } from '../../enricher/testing/connection.ts';
import { loadNative } from '../../native/load.ts';
import { type RedactedValues, redactedValues } from '../../native/redacted-values.ts';
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
  resp,
  server,
} from '../../protocols/testing/marked.ts';
import { describeWhere } from '../requirement.ts';
import { addonMissing, builtInRules, factsAt, redactCalls } from './redact-calls.ts';

interface Conversation {
  readonly values: RedactedValues;
  readonly port: number;
  /** What is a value stands in marks. */
  readonly calls: (value: string) => readonly MarkedCall[];
  /** Endpoints of the spans. */
  readonly endpoints: readonly string[];
}

const ok = 'HTTP/1.1 204 No Content\r\n\r\n';
const ready = postgresql('Z', 'I');
const done = (tag: string): string => postgresql('C', `${tag}\0`);

const conversations: Readonly<Record<string, Conversation>> = {
  'parameters of a target': {
    values: 'url-parameters',
    port: 80,
    calls: (value) => [
      client(`GET /orders/7?name=«${value}»&q=«${value}»#x=«${value}» HTTP/1.1\r\nHost: shop\r\n`, `\r\n`),
      server(ok),
      client(`GET /search?«${value}» HTTP/1.1\r\nHost: shop\r\nReferer: http://shop/?a=«${value}»\r\n\r\n`),
      server(ok),
    ],
    endpoints: ['/orders/{id}', '/search'],
  },
  'header fields': {
    values: 'http-headers',
    port: 80,
    calls: (value) => [
      client(
        `GET /orders?name=x HTTP/1.1\r\nHost: shop\r\nX-Customer: «${value}»\r\n\t«${value}»\r\nAccept: «${value}»\r\n\r\n`,
      ),
      server(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: «${value}»\r\n\r\n`),
    ],
    endpoints: ['/orders'],
  },
  'literals of PostgreSQL': {
    values: 'sql-literals',
    port: 5432,
    calls: (value) => [
      client(
        postgresql(
          'Q',
          `SELECT a1, "b2" FROM t3 WHERE n = '«${value}»' AND m IN ('«x''y»', E'«z\\'z»', $a$«${value}»$a$) LIMIT «10»\0`,
        ),
      ),
      server(done('SELECT 1'), ready),
      client(postgresql('Q', `UPDATE t SET price = «12.50e-3», other = «0x1f», one = 1 WHERE id = -«4711»\0`)),
      server(
        postgresql('E', `SERROR\0VERROR\0C23505\0Mduplicate key\0DKey («n)=(${value}) already exists.»\0\0`),
        ready,
      ),
      client(
        postgresql('P', `S_1\0SELECT x FROM t WHERE n = $1 AND m > $2\0\0\0`),
        postgresqlBind('S_1', `«${value}»`, `«${value}»`),
        postgresql('E', '\0\0\0\0\0'),
        postgresql('S', ''),
      ),
      server(postgresql('1', ''), postgresql('2', ''), done('SELECT 0'), ready),
    ],
    endpoints: [
      'SELECT a1, "b2" FROM t3 WHERE n = ? AND m IN (?) LIMIT ?',
      'UPDATE t SET price = ?, other = ?, one = ? WHERE id = ?',
      'SELECT x FROM t WHERE n = ? AND m > ?',
    ],
  },
  'literals of MySQL': {
    values: 'sql-literals',
    port: 3306,
    calls: (value) => [
      server(mysqlGreeting()),
      client(mysqlLogin('«12345678901234567890»')),
      server(mysqlOk(2)),
      client(
        mysql(0, `\x03SELECT * FROM \`t1\` WHERE a = "«${value}»" AND b = '«${value}\\'x»' /*!40101 AND c = «17» */`),
      ),
      server(mysql(1, `\xff\x26\x04#23000Duplicate entry '«${value}' for key 'k'»`)),
      client(mysql(0, '\x16SELECT v FROM t WHERE id = ?')),
      server(mysql(1, '\0\x07\0\0\0\0\0\x01\0\0\0\0')),
      client(mysql(0, `\x17\x07\0\0\0\0\x01\0\0\0«\0\x01\xfd\0${String.fromCharCode(value.length)}${value}»`)),
      server(mysqlOk(1)),
    ],
    endpoints: [
      'LOGIN',
      'SELECT * FROM `t1` WHERE a = ? AND b = ? AND c = ?',
      'PREPARE SELECT v FROM t WHERE id = ?',
      'SELECT v FROM t WHERE id = ?',
    ],
  },
  'arguments of Redis': {
    values: 'cache-values',
    port: 6379,
    calls: (value) => [
      client(resp('SET', `«user:${value}»`, `«${value}»`), resp('HGET', `«${value}»`, '«f»')),
      server(`+OK\r\n$${value.length}\r\n«${value}»\r\n`),
      client(resp('MGET', `«${value}»`, '«b»')),
      server(resp(`«${value}»`, '«2»')),
    ],
    endpoints: ['SET', 'HGET', 'MGET'],
  },
  'values of Memcached': {
    values: 'cache-values',
    port: 11211,
    calls: (value) => [
      client(`get k\r\n`),
      server(`VALUE k 0 ${value.length}\r\n«${value}»\r\nEND\r\n`),
      client(`set k 0 0 ${value.length}\r\n«${value}»\r\n`),
      server('STORED\r\n'),
    ],
    endpoints: ['get', 'set'],
  },
};

const redactorOf = (values: readonly RedactedValues[]): ReturnType<ReturnType<typeof loadNative>['createRedactor']> =>
  loadNative().createRedactor({ ...builtInRules, values });

/** Bytes of values that are sent as they are. */
function leaks(calls: readonly MarkedCall[], port: number, values: readonly RedactedValues[]): string[] {
  return redactCalls(calls, factsAt('client', port, true), undefined, redactorOf(values)).flatMap(
    ({ payload, captured, redacted }, index) => {
      const isCovered = (at: number): boolean => {
        for (let pair = 0; pair < redacted.length; pair += 2)
          if (at >= redacted[pair]! && at < redacted[pair]! + redacted[pair + 1]!) return true;
        return false;
      };
      // A quote at the end of a call may be the first of two, or the last.
      const isSecret = (at: number): boolean => calls[index]!.secret[at] === true && captured[at] !== 0x27;
      const shown = [...payload.keys()].filter((at) => isSecret(at) && !isCovered(at));
      return shown.map((at) => captured.toString('latin1', Math.max(0, at - 20), at + 1));
    },
  );
}

/** The text with what was overwritten marked. */
function remarked(
  calls: readonly MarkedCall[],
  port: number,
  end: 'client' | 'server',
  values: readonly RedactedValues[],
): string[] {
  return redactCalls(calls, factsAt(end, port, true), undefined, redactorOf(values)).map(({ captured, redacted }) => {
    let text = '';
    let at = 0;
    for (let index = 0; index < redacted.length; index += 2) {
      const [offset, length] = [redacted[index]!, redacted[index + 1]!];
      text += `${captured.toString('latin1', at, offset)}«${captured.toString('latin1', offset, offset + length)}»`;
      at = offset + length;
    }
    return text + captured.toString('latin1', at);
  });
}

const marked = (calls: readonly MarkedCall[]): string[] =>
  calls.map(({ bytes, secret }) =>
    Array.from(bytes, (byte, at) => {
      const before = secret[at] === true && secret[at - 1] !== true ? '«' : '';
      const after = secret[at] === true && secret[at + 1] !== true ? '»' : '';
      return `${before}${String.fromCharCode(byte)}${after}`;
    }).join(''),
  );

/** Spans of the conversation with redaction in between, and the events themselves, all as text. */
function outputs(calls: readonly MarkedCall[], port: number, values: readonly RedactedValues[]) {
  const steps = calls.map(({ direction, bytes }): Step => [direction === 'egress' ? 'C' : 'S', bytes]);
  const redactor = redactorOf(values);
  const events = connectionEvents(steps, { port, budgetBytes: 4096, closes: true, role: 'client' }).map((event) => {
    if (event.kind !== 'data') return event;
    const payload = Buffer.from(event.payload);
    const startsMessage = event.messageId === event.id;
    const { length, redacted } = redactor.redact({ ...event, localRole: 'client', startsMessage }, payload);
    return { ...event, payload: payload.subarray(0, length), redacted };
  });
  const spans = spansOfEvents(events);
  const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
  const texts = [
    ...events.map((event) => (event.kind === 'data' ? Buffer.from(event.payload).toString('latin1') : '')),
    ...spans.map((span) => JSON.stringify(span, plain)),
  ];
  return { spans, texts };
}

describeWhere(addonMissing(), 'values of a kind', () => {
  describe.each(Object.entries(conversations))('%s', (_, { values, port, calls, endpoints }) => {
    const played = calls('hunter2zz');

    it.each(['client', 'server'] as const)('are covered, and nothing else: seen by the %s', (end) => {
      const seen = end === 'client' ? played : fromOtherEnd(played);
      expect(remarked(seen, port, end, [values])).toEqual(marked(seen));
    });

    it('stay as they are without the setting', () => {
      const isLogin = (text: string): boolean => text.includes('12345678901234567890');
      const without = played.map((call) => ({ ...call, secret: [] }));
      expect(remarked(played, port, 'client', []).filter((text) => !isLogin(text))).toEqual(
        marked(without).filter((text) => !isLogin(text)),
      );
    });

    it('leave spans with their endpoints', () => {
      expect(outputs(played, port, [values]).spans.map(({ endpoint }) => endpoint)).toEqual(endpoints);
    });

    it('are in no event and no span, whatever they are and wherever calls are cut', () => {
      fc.assert(
        fc.property(
          fc.stringMatching(/^[a-z][a-z0-9]{11,40}$/),
          fc.array(fc.nat(300), { maxLength: 4 }),
          (value, places) => {
            const cut = cutAt(
              calls(value),
              [...places].sort((one, other) => one - other),
            );
            expect(leaks(cut, port, [values])).toEqual([]);
            expect(outputs(calls(value), port, redactedValues).texts.filter((text) => text.includes(value))).toEqual(
              [],
            );
          },
        ),
        { numRuns: 60 },
      );
    });
  });

  it('an id of a request that is covered links nothing', () => {
    const head = 'GET / HTTP/1.1\r\nHost: shop\r\nX-Request-ID: «0123456789»\r\n\r\n';
    const redactor = loadNative().createRedactor({ ...builtInRules, headers: ['X-Request-ID'] });
    const [call] = redactCalls([client(head)], factsAt('client', 80, true), undefined, redactor);
    const events = connectionEvents(
      [
        ['C', call!.payload],
        ['S', Buffer.from(ok)],
      ],
      { port: 80, closes: true },
    );
    expect(spansOfEvents(events).map(({ xRequestIdRequest }) => xRequestIdRequest)).toEqual(['']);
  });
});

it('the setting names kinds, and refuses others', () => {
  const read = (redactValues: string) => captureConfig.schema.safeParse({ redactValues });
  expect(redactionOptions(captureConfig.schema.parse({}))?.values).toEqual([]);
  expect(
    redactionOptions(captureConfig.schema.parse({ redactValues: 'sql-literals, url-parameters' }))?.values,
  ).toEqual(['url-parameters', 'sql-literals']);
  expect(read('sql').error?.issues[0]?.message).toBe(
    'must be any of url-parameters, http-headers, sql-literals, cache-values, not "sql"',
  );
});
