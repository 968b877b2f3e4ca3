import { describe, expect, test } from 'vitest';
import type { SocketEvent } from '../../schemas/generated/event-batch.ts';
import { dissectors } from '../../protocols/dissectors.ts';
import {
  mysqlCommand,
  mysqlOk,
  mysqlPacket,
  postgresql,
  postgresqlError,
  postgresqlReady,
  u16,
  u32,
} from '../../protocols/testing/wire.ts';
import { anEvent } from '../../schemas/testing/an-event.ts';
import { runAgent } from '../testing/run-agent.ts';

/** Spans of databases, where a call is more or less than one request and one response. */

function spansOf(remotePort: number, ...calls: readonly Buffer[][]): ReturnType<typeof runAgent>['spans'] {
  let id = 99;
  const next = { egress: 100_000, ingress: 200_000 };
  const events = calls.flatMap((parts, index): SocketEvent[] => {
    const messageId = id + 1;
    const direction = index % 2 === 0 ? 'egress' : 'ingress';
    return parts.map((payload) => {
      const { length } = payload;
      const tcpSequence = next[direction];
      next[direction] += length;
      return anEvent({ id: ++id, messageId, direction, payload, length, remotePort, tcpSequence });
    });
  });
  return runAgent(events, { dissectors }).spans;
}

function run(sql: string): Buffer {
  return Buffer.concat([
    postgresql('P', `\0${sql}\0`, u16(0)),
    postgresql('B', '\0\0', u16(0, 0, 0)),
    postgresql('E', '\0', u32(0)),
  ]);
}

const sync = postgresql('S');
const ran = Buffer.concat([postgresql('1'), postgresql('2'), postgresql('C', 'SELECT 1\0')]);

describe('statements of one batch', () => {
  test('are spans with bytes and places of their own', () => {
    const [first, second] = [run('select 1'), run('update t')];
    const spans = spansOf(5432, [Buffer.concat([first, second, sync])], [Buffer.concat([ran, ran, postgresqlReady])]);
    expect(spans.map((span) => [span.requestType, span.requestBytes, span.requestTcpSequence])).toEqual([
      ['SELECT', first.length, 100_000],
      ['UPDATE', second.length + sync.length, 100_000 + first.length],
    ]);
    expect(spans.map((span) => span.responseTcpSequence)).toEqual([200_000, 200_000 + ran.length]);
    expect(new Set(spans.map((span) => span.spanId)).size).toBe(2);
  });

  test('a preamble that fails is a span beside its statement, and shifts none', () => {
    const batch = Buffer.concat([run('savepoint a'), run('select 1'), sync]);
    const next = Buffer.concat([run('select 2'), sync]);
    const failed = postgresqlError('ERROR', '25P01', 'no transaction');
    const spans = spansOf(
      5432,
      [Buffer.concat([batch, next])],
      [Buffer.concat([failed, postgresqlReady, ran, postgresqlReady])],
    );
    expect(spans.map((span) => [span.requestResource, span.status, span.requestBytes])).toEqual([
      ['savepoint a', 'client_error', batch.length + next.length],
      ['select 1', 'client_error', batch.length],
      ['select 2', 'ok', next.length],
    ]);
    expect(spans[0]?.responseException).toBe('ERROR 25P01: no transaction');
  });
});

test('reports of progress make a span longer, and no error', () => {
  const progress = mysqlPacket(1, Buffer.from('ffffff0101020000000161', 'hex'));
  const spans = spansOf(
    3306,
    [mysqlCommand(3, 'alter table t')],
    [progress, mysqlOk(2, 3)],
    [mysqlCommand(3, 'select 1')],
  );
  expect(spans).toMatchObject([
    { status: 'ok', responseResult: '3 rows affected', responseEventId: 102, durationNs: 2000 },
  ]);
});

test('a first call on a port that says nothing is one span once its answer came', () => {
  const call = mysqlCommand(3, 'select 1');
  expect(spansOf(7000, [call], [mysqlOk(1)], [call], [mysqlOk(1)])).toMatchObject([
    { requestEventId: 100, responseEventId: 101, requestBytes: call.length, status: 'ok' },
    { requestEventId: 102, responseEventId: 103, requestBytes: call.length, status: 'ok' },
  ]);
});
