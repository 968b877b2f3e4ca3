/**
 * Ordinary traffic that redaction once destroyed: spans of whole connections, with redaction between capture and stage, as
 * captured by default.
 */
import { expect, it } from 'vitest';
import { connectionEvents, type ConnectionView, spansOfEvents, type Step } from '../../enricher/testing/connection.ts';
import { loadNative } from '../../native/load.ts';
import type { SocketEvent } from '../../schemas/generated/event-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { describeWhere } from '../requirement.ts';
import {
  mysql,
  mysqlGreeting,
  mysqlLogin,
  mysqlOk,
  postgresql,
  postgresqlBind,
  resp,
  unmarked,
} from '../../protocols/testing/marked.ts';
import { addonMissing, builtInRules } from './redact-calls.ts';

const C = (...texts: readonly string[]): Step => ['C', Buffer.from(unmarked(texts.join('')), 'latin1')];
const S = (...texts: readonly string[]): Step => ['S', Buffer.from(unmarked(texts.join('')), 'latin1')];

/** The events as the collector sends them. */
function redacted(events: readonly SocketEvent[]): SocketEvent[] {
  const redactor = loadNative().createRedactor(builtInRules);
  return events.map((event) => {
    if (event.kind !== 'data') return event;
    const payload = Buffer.from(event.payload);
    const { socketId, localPort, remotePort, direction, tcpSequence, length } = event;
    const { transport } = event;
    const localRole = event.role === 'unknown' ? undefined : event.role;
    const startsMessage = event.messageId === event.id;
    const ends = { socketId, transport, localRole, localPort, remotePort };
    const outcome = redactor.redact({ ...ends, direction, startsMessage, tcpSequence, length }, payload);
    return { ...event, payload: payload.subarray(0, outcome.length), redacted: outcome.redacted };
  });
}

function spans(steps: readonly Step[], view: ConnectionView): (readonly [string, string, string])[] {
  const events = connectionEvents(steps, { budgetBytes: 512, closes: true, ...view });
  return spansOfEvents(redacted(events)).map((span: Span) => [span.requestType, span.requestResource, span.status]);
}

const wrongType = '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n';
const ready = postgresql('Z', 'I');
const query = (text: string): string => postgresql('Q', `${text}\0`);
const complete = (tag: string): string => postgresql('C', `${tag}\0`);

/** A query or an answer for `name`, with one address. */
function dns(id: number, name: string, isAnswer: boolean): string {
  const number = (value: number): string => String.fromCharCode(value >> 8, value & 0xff);
  const labels = name.split('.').map((label) => String.fromCharCode(label.length) + label);
  const header = `${number(id)}${number(isAnswer ? 0x8180 : 0x0100)}${number(1)}${number(isAnswer ? 1 : 0)}\0\0\0\0`;
  const answer = isAnswer ? '\xc0\x0c\0\x01\0\x01\0\0\0\x09\0\x04\x0a\x01\x02\x03' : '';
  return `${header}${labels.join('')}\0\0\x01\0\x01${answer}`;
}

describeWhere(addonMissing(), 'spans behind redaction', () => {
  it('Redis: a null in an array, and errors behind it', () => {
    const steps = [
      C(resp('GET', 'a')),
      S('$1\r\n1\r\n'),
      C(resp('MGET', 'a', 'missing', 'b')),
      S('*3\r\n$1\r\n1\r\n$-1\r\n$1\r\n2\r\n'),
      C(resp('LPUSH', 'str', '1')),
      S(wrongType),
      C(resp('GET', 'a')),
      S('$1\r\n1\r\n'),
    ];
    expect(spans(steps, { port: 6379 })).toEqual([
      ['GET', 'GET a', 'ok'],
      ['MGET', 'MGET a missing b', 'ok'],
      ['LPUSH', 'LPUSH str', 'client_error'],
      ['GET', 'GET a', 'ok'],
    ]);
  });

  it.each([3, 60, 300, 470, 495])('Redis: an array that the budget cuts %i bytes before its end', (fill) => {
    const values = resp('k'.repeat(500 - fill), ...Array.from({ length: 4 }, () => 'v'.repeat(40)));
    // A client that waits for all replies before it goes on: that is what lets it be right again.
    const pipelines = Array.from({ length: 6 }, () => [
      C(resp('SET', 'a', '1'), resp('INCR', 'n')),
      S('+OK\r\n:1\r\n'),
    ]).flat();
    const steps = [
      ...pipelines,
      C(resp('HMGET', 'h', 'a', 'b', 'c', 'd', 'e')),
      S(values),
      ...Array.from({ length: 4 }, () => [
        C(resp('SET', 'a', '1')),
        S('+OK\r\n'),
        C(resp('LPUSH', 'str', '1')),
        S(wrongType),
      ]).flat(),
    ];
    const last = spans(steps, { port: 6379 }).slice(-8);
    expect(last.map(([type, , status]) => `${type} ${status}`)).toEqual(
      Array.from({ length: 4 }, () => ['SET ok', 'LPUSH client_error']).flat(),
    );
  });

  it.each(Array.from({ length: 40 }, (_, index) => index + 1))('PostgreSQL: a query of %i characters', (length) => {
    const text = `SELECT ${'x'.repeat(length)}`;
    const steps = [
      C(query(text)),
      S(complete('SELECT 1'), ready),
      C(query('DELETE FROM orders WHERE id=17')),
      S(postgresql('E', 'SERROR\0VERROR\0C42P01\0Mrelation "orders" does not exist\0\0'), ready),
      C(query('SELECT 5')),
      S(complete('SELECT 1'), ready),
    ];
    expect(spans(steps, { port: 5432 })).toEqual([
      ['SELECT', text, 'ok'],
      ['DELETE', 'DELETE FROM orders WHERE id=17', 'client_error'],
      ['SELECT', 'SELECT 5', 'ok'],
    ]);
  });

  it.each(['CREATE TABLE', 'INSERT 0 100', 'DROP TABLE', 'INSERT 0 1'])('PostgreSQL: the command tag %s', (tag) => {
    const steps = [
      C(query('SELECT 1')),
      S(complete(tag), ready),
      C(query('SELECT 2')),
      S(postgresql('E', 'SERROR\0VERROR\0C42P01\0Mno\0\0'), ready),
    ];
    expect(spans(steps, { port: 5432 }).map(([, , status]) => status)).toEqual(['ok', 'client_error']);
  });

  it('PostgreSQL: a batch whose Parse has the length of a MySQL command', () => {
    const steps = [
      C(
        postgresql('P', 'S_1\0COMMIT\0\0\0'),
        postgresqlBind('S_1'),
        postgresql('E', '\0\0\0\0\0'),
        postgresql('S', ''),
      ),
      S(postgresql('1', ''), postgresql('2', ''), complete('COMMIT'), ready),
      C(query('SELECT 5')),
      S(complete('SELECT 1'), ready),
    ];
    expect(spans(steps, { port: 5432 })).toEqual([
      ['COMMIT', 'COMMIT', 'ok'],
      ['SELECT', 'SELECT 5', 'ok'],
    ]);
  });

  it.each(Array.from({ length: 40 }, (_, index) => index + 90))('MySQL: a prepare of %i bytes', (length) => {
    const text = 'SELECT v FROM some_table WHERE id = ?'.padEnd(length - 1);
    const steps = [
      C(mysql(0, '\x16SELECT 2')),
      S(mysql(1, '\0\x02\0\0\0\0\0\x01\0\0\0\0')),
      C(mysql(0, `\x16${text}`)),
      S(mysql(1, '\0\x03\0\0\0\0\0\x01\0\0\0\0')),
      C(mysql(0, `\x17\x03\0\0\0\0\x01\0\0\0${'1'.repeat(30)}`)),
      S(mysql(1, '\x01')),
    ];
    expect(spans(steps, { port: 3306 }).map(([type, resource]) => [type, resource.trim()])).toEqual([
      ['PREPARE', 'SELECT 2'],
      ['PREPARE', text.trim()],
      ['SELECT', text.trim()],
    ]);
  });

  it('MySQL: an empty answer to a switch of authentication, and errors behind it', () => {
    const steps = [
      S(mysqlGreeting()),
      C(mysqlLogin('')),
      S(mysql(2, '\xfemysql_native_password\0abcdefghijklmnopqrst\0')),
      C(mysql(3, '')),
      S(mysqlOk(4)),
      C(mysql(0, '\x03SELECT * FROM nosuch')),
      S(mysql(1, "\xff\x7a\x04#42S02Table 'nosuch' doesn't exist")),
      C(mysql(0, '\x03SELECT 1')),
      S(mysqlOk(1)),
    ];
    expect(spans(steps, { port: 3306, role: 'client' })).toEqual([
      ['LOGIN', 'bob', 'ok'],
      ['SELECT', 'SELECT * FROM nosuch', 'client_error'],
      ['SELECT', 'SELECT 1', 'ok'],
    ]);
  });

  it('DNS: any id', () => {
    const ids = [0x1234, 0x7000, 0x5000, 0x5100, 0x1600, 0x2a33, 0x0300, 0x4155];
    const steps = ids.flatMap((id, index) => [C(dns(id, `n${index}.test`, false)), S(dns(id, `n${index}.test`, true))]);
    expect(spans(steps, { port: 53, transport: 'udp' })).toEqual(ids.map((_, index) => ['A', `n${index}.test`, 'ok']));
  });

  it('Redis: a connection older than the capture, on any port, with commands of modules', () => {
    const steps = Array.from({ length: 4 }, () => [C(resp('JSON.GET', 'doc', '.a')), S('$1\r\n1\r\n')]).flat();
    expect(spans(steps, { port: 7000 })).toEqual(Array.from({ length: 4 }, () => ['JSON.GET', 'JSON.GET doc', 'ok']));
  });
});
