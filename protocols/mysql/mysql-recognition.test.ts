import { describe, expect, test } from 'vitest';
import type { RecognitionHints } from '../dissection/dissector.ts';
import { type Call, client, server } from '../testing/play.ts';
import { cutEverywhere, hexCalls, playSocket } from '../testing/play-socket.ts';
import { mysqlCommand, mysqlError, mysqlOk, mysqlPacket, mysqlRows, postgresql, u16, u32 } from '../testing/wire.ts';
import { mysqlDissector } from './mysql.ts';

const hints: RecognitionHints = { sender: undefined, senderPort: 40000, receiverPort: 7000, transport: 'tcp' };

function recognise(bytes: Buffer, over: Partial<RecognitionHints> = {}): string {
  return mysqlDissector.recognise(bytes, { ...hints, length: bytes.length, ...over });
}

/** An MQTT packet: its first byte, then its length in sevens of bits. */
function mqtt(first: number, body: Buffer): Buffer {
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest >>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

function publish(topic: string, payload: string, quality = 1): Buffer {
  const identifier = quality > 0 ? [u16(3)] : [];
  return mqtt(
    0x30 | (quality << 1),
    Buffer.concat([u16(topic.length), Buffer.from(topic), ...identifier, Buffer.from(payload)]),
  );
}

function query(sql: string): Buffer {
  return mysqlCommand(3, sql);
}

describe('MQTT', () => {
  test('a PUBLISH is no query, whatever its topic', () => {
    const long = 'Y'.repeat(800);
    const calls = [client(publish('bar', long)), server(Buffer.from('40020003', 'hex'))];
    expect(calls[0]!.bytes.toString('hex', 0, 9)).toBe('32a706000362617200');
    expect(playSocket(calls, 1883, true)).toMatchObject({ protocol: 'unknown', messages: [] });
    for (const topic of [
      'bar',
      'set',
      'use',
      'SET',
      'get',
      'end',
      'select into somewhere ',
      'show/all/the/things/of',
    ]) {
      for (const size of [150, 500, 801, 9000, 16000]) {
        for (const payload of ['Y'.repeat(size), ` x = ${'1'.repeat(size)}`, '{"a":1}'.repeat(size / 7)]) {
          for (const quality of [0, 1, 2]) {
            const bytes = publish(topic, payload, quality);
            const answers = ['40020001', '40020003', '50020001', '50020003', '400400010000'];
            const messages = answers.flatMap((answer) => [
              client(bytes.subarray(0, 512), bytes.length),
              server(Buffer.from(answer, 'hex')),
            ]);
            expect(playSocket(messages, 1883, true).messages).toEqual([]);
          }
        }
      }
    }
  });

  test('no other packet of it is one either', () => {
    const fill = (size: number): Buffer => Buffer.alloc(size, 'select 1 ');
    for (let type = 0x10; type < 0x100; type += 2) {
      for (const size of [2, 3, 4, 12, 60, 127, 128, 300, 3000]) {
        for (const head of [
          u16(3),
          u16(3, 3),
          u16(4),
          u16(0x16),
          u16(0),
          u16(1, 3),
          Buffer.from('\0\x04MQTT\x04\x02\0\x3c'),
        ]) {
          const bytes = mqtt(type, Buffer.concat([head, fill(size)]));
          const calls = [
            client(bytes.subarray(0, 512), bytes.length),
            server(Buffer.from('20020000', 'hex')),
            client(bytes.subarray(0, 512), bytes.length),
          ];
          expect(playSocket(calls, 1883, true).messages).toEqual([]);
        }
      }
    }
  });
});

describe('other protocols', () => {
  test('PostgreSQL: a Query whose length is that of a command, seen by either end', () => {
    for (let length = 4; length < 260; length++) {
      const sql = 'select name from t where id = 1'.padEnd(length, ' ').slice(0, length - 5);
      const bytes = postgresql('Q', `${sql}\0`);
      expect([length, recognise(bytes)]).not.toEqual([length, 'request']);
      expect([length, recognise(postgresql('P', `s_${length}\0${sql}\0`, u16(0)))]).not.toEqual([length, 'request']);
    }
  });

  test('MongoDB, Kafka, Thrift, TLS', () => {
    const mongo = (requestId: number, opcode: number): Buffer => {
      const body = Buffer.from('select * from t where \0\0');
      const bytes = Buffer.alloc(16);
      [16 + body.length, requestId, 0, opcode].forEach((value, index) => bytes.writeInt32LE(value, 4 * index));
      return Buffer.concat([bytes, body]);
    };
    for (const opcode of [1, 2004, 2012, 2013]) {
      for (const id of [3, 0x16, 0x17, 0x103, 0x6c657303, 0x6c657316, 0x302e380a, 0x0117])
        expect(recognise(mongo(id, opcode))).toBe('no');
    }
    for (const size of [256, 257, 512, 768, 1024, 0x10000]) {
      for (let apiKey = 0; apiKey < 70; apiKey++) {
        const frame = Buffer.concat([
          u32(size),
          u16(apiKey, 3),
          u32(7),
          u16(6),
          Buffer.from('select'),
          Buffer.alloc(size - 16),
        ]);
        expect([apiKey, recognise(frame)]).toEqual([apiKey, 'no']);
      }
      expect(recognise(Buffer.concat([u32(size), Buffer.from('80010001', 'hex'), u32(6), Buffer.from('select')]))).toBe(
        'no',
      );
    }
    for (const record of ['16030100', '16030101', '16030102', '17030300', '15030300']) {
      for (const low of [2, 3, 0x16, 0x17, 0x1a, 0xfa]) {
        const bytes = Buffer.concat([Buffer.from(record, 'hex'), Buffer.from([low]), Buffer.alloc(low, 'select')]);
        expect([record, low, recognise(bytes)]).not.toEqual([record, low, 'request']);
      }
    }
  });
});

describe('commands off the usual port', () => {
  test('a statement begins with a verb or a comment', () => {
    for (const sql of [
      'select 1',
      'SELECT*from t',
      'select(1)',
      ' \n(select 1)',
      '/* hint */ select 1',
      '-- note\nselect 1',
      '# note\nselect 1',
      'commit',
      'begin;',
      "insert t values ('\x01\x02')",
      'with a as (select 1) select * from a',
    ])
      expect([sql, recognise(query(sql))]).toEqual([sql, 'request']);
    for (const sql of [
      'selec 1',
      'bar',
      'set\x01x',
      'set\0',
      'selects 1',
      'hello world',
      '--x',
      '\x01\x02',
      'use\x7f x',
      'set:x',
    ])
      expect([sql, recognise(query(sql))]).toEqual([sql, 'no']);
    expect(recognise(query('selec 1'), { receiverPort: 3306 })).toBe('request');
  });

  test('it fits the call, or the call is as long as calls are that do not hold it', () => {
    const long = query(`insert into t values (${'1,'.repeat(8000)}1)`);
    expect(recognise(long.subarray(0, 512), { length: long.length })).toBe('request');
    expect(recognise(long.subarray(0, 512), { length: 8192 })).toBe('request');
    expect(recognise(long.subarray(0, 100), { length: 100 })).toBe('undecided');
    expect(recognise(Buffer.concat([query('select 1'), query('select 2')]))).toBe('request');
    expect(recognise(Buffer.concat([query('select 1'), Buffer.from('some other bytes')]))).toBe('no');
  });

  const rest: readonly Call[] = [client(query('select 2')), server(mysqlRows(['2'])), client(query('selec'))];
  const first = client(query('select 1'));

  test.each([
    ['OK', mysqlOk(1, 3)],
    ['rows', mysqlRows(['1'])],
    ['the count of columns', Buffer.from('0100000101', 'hex')],
    ['an error', mysqlError(1, 1064, '42000', 'x')],
    ['progress', mysqlPacket(1, Buffer.from('ffffff0101020000000161', 'hex'))],
  ])('are reported once an answer fits: %s', (_, answer) => {
    const { protocol, played } = playSocket([first, server(answer), ...rest], 7000, true);
    expect(protocol).toBe('mysql');
    expect(played.map(({ request }) => request.requestType)).toEqual(['SELECT', 'SELECT', 'QUERY']);
    expect(played[0]?.request).toMatchObject({ origin: 0, offset: 0 });
    expect(playSocket([first], 7000, true).messages).toEqual([]);
    for (const cut of cutEverywhere([first, server(answer)]))
      expect(playSocket([...cut, ...rest], 7000, true).played).toHaveLength(3);
  });

  test.each([
    '4002000300',
    '050000010000000000',
    '0500000268656c6c6f',
    '48545450',
    '0900000141424344454647484900',
    '2b4f4b0d0a',
    '010000010100000041',
  ])('and forgotten with one that does not: %s', (answer) => {
    const bytes = Buffer.from(answer, 'hex');
    const { messages } = playSocket([first, server(bytes), first, server(bytes)], 7000, true);
    expect(messages).toEqual([]);
  });

  test('a hidden answer proves nothing', () => {
    const hidden = { ...server(Buffer.alloc(0), 100) };
    const { played } = playSocket([first, hidden, ...rest], 7000, true);
    expect(played.map(({ request }) => request.origin)).toEqual([2, 4]);
  });

  test('the real thing is found in hex too', () => {
    const calls = hexCalls(`
      C 250000000302010001fe00026e61fe00026e62067365637265740673656372657453454c4543542031
      S 0100000101`);
    expect(playSocket(calls, 7000, true).played).toMatchObject([{ request: { requestResource: 'SELECT 1' } }]);
  });
});
