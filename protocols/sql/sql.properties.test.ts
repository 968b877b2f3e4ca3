import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Call, client, play, server } from '../testing/play.ts';
import { Random } from '../../core/testing/random.ts';
import { propertyRuns } from '../../schemas/testing/property-runs.ts';
import * as wire from '../testing/wire.ts';
import { mysqlDissector } from '../mysql/mysql.ts';
import { postgresqlDissector } from '../postgresql/postgresql.ts';

/** Conversations whose calls are drawn from messages of every kind, in any order and cut anywhere. */

const { mysqlCommand, mysqlPacket, postgresql, u16, u32, u32le } = wire;
const name = (random: Random): string => random.pick(['', 's', 't']);

const mysqlClient: readonly ((random: Random) => Buffer)[] = [
  () => mysqlCommand(3, 'select 1; use other'),
  () => mysqlCommand(0x16, 'select ?'),
  (random) => mysqlCommand(0x17, Buffer.concat([u32le(random.below(3)), Buffer.from([0]), u32le(1)])),
  () => mysqlCommand(0x11, Buffer.from('ann\0\0shop\0')),
  () => mysqlCommand(0x1f),
  () => mysqlCommand(0x1c, Buffer.alloc(8)),
  () => mysqlCommand(0x19, u32le(1)),
  () => wire.mysqlLogin('joe', 'shop'),
  (random) => mysqlPacket(random.below(4), random.bytes(random.below(50))),
];
const mysqlServer: readonly ((random: Random) => Buffer)[] = [
  (random) => wire.mysqlOk(1 + random.below(3)),
  (random) => mysqlPacket(1 + random.below(3), [0, 0, 0, 0x0a, 0, 0, 0]),
  () => wire.mysqlRows(['a', 'b']),
  (random) => wire.mysqlError(1 + random.below(6), 1064, '42000', 'x'),
  (random) => mysqlPacket(1 + random.below(3), [0, 1, 0, 0, 0, random.below(3), 0, random.below(3), 0, 0, 0, 0]),
  (random) => mysqlPacket(1 + random.below(3), Buffer.from('ffffff0101020000000161', 'hex')),
  (random) => mysqlPacket(1 + random.below(3), Buffer.from([0xfb, 0x78])),
  (random) => mysqlPacket(1 + random.below(6), [0xfe, 0, 0, 2, 0]),
];
const postgresqlClient: readonly ((random: Random) => Buffer)[] = [
  () => postgresql('Q', 'select 1\0'),
  (random) => postgresql('P', `${name(random)}\0${random.pick(['begin', 'select 1', 'set a = 1'])}\0`, u16(0)),
  (random) => postgresql('B', `\0${name(random)}\0`, u16(0, 0, 0)),
  () => postgresql('E', '\0', u32(0)),
  (random) => postgresql('D', `S${name(random)}\0`),
  (random) => postgresql('C', `S${name(random)}\0`),
  () => postgresql('S'),
  () => postgresql('S'),
  () => postgresql('H'),
  () => postgresql('c'),
  () => postgresql('F', u32(1), u16(0, 0, 0)),
];
const postgresqlServer: readonly ((random: Random) => Buffer)[] = [
  ...['1', '2', '3', 'n', 's', 'I', 'c'].map((type) => () => postgresql(type)),
  ...['BEGIN', 'SELECT 1', 'DISCARD ALL'].map((tag) => () => postgresql('C', `${tag}\0`)),
  () => wire.postgresqlReady,
  () => wire.postgresqlReady,
  () => wire.postgresqlError('ERROR', '42601', 'no'),
  () => postgresql('D', u16(0)),
  () => postgresql('G', Buffer.from([0]), u16(0)),
  () => postgresql('V', u32(0)),
];

function conversation(random: Random, sides: readonly (readonly ((random: Random) => Buffer)[])[]): Call[] {
  const calls: Call[] = [];
  for (let index = 0; index < 24; index++) {
    const side = index & 1;
    const messages = Array.from({ length: random.below(8) }, () => random.pick(sides[side]!)(random));
    const bytes = Buffer.concat(messages);
    const kept = random.oneIn(6) ? random.below(bytes.length + 1) : bytes.length;
    const length = random.oneIn(2) ? bytes.length : kept;
    calls.push((side === 0 ? client : server)(bytes.subarray(0, kept), length));
  }
  return calls;
}

describe.each([
  ['mysql', mysqlDissector, [mysqlClient, mysqlServer]],
  ['postgresql', postgresqlDissector, [postgresqlClient, postgresqlServer]],
] as const)('%s', (_, dissector, sides) => {
  test('no request is answered twice, and no response comes before its request', () => {
    const runs = propertyRuns(3_000);
    let answered = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const waiting: number[] = [];
        for (const message of play(dissector, conversation(new Random(seed), sides), true).messages) {
          if (message.kind === 'response') {
            const index = waiting.indexOf(message.requestId);
            expect(index).toBeGreaterThanOrEqual(0);
            waiting.splice(index, 1);
            answered++;
          } else if (message.kind === 'request' && message.expectsResponse) waiting.push(message.requestId);
        }
      }),
      { numRuns: runs },
    );
    expect(answered).toBeGreaterThan(runs);
  });
});
