import { describe, expect, test } from 'vitest';
import { client, play, server } from '../testing/play.ts';
import { hexCalls, playSocket } from '../testing/play-socket.ts';
import { mysqlCommand, mysqlGreeting, mysqlLogin, mysqlOk, mysqlPacket, u32le } from '../testing/wire.ts';
import { mysqlDissector } from './mysql.ts';
import { readQueryAttributes } from './mysql-query-attributes.ts';

const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const traceId = '0af7651916cd43dd8448eb211c80319c';
const secret = 'secret';
const statement = 'select 1';
const agreedFlags = 0x08000000;

interface Attribute {
  readonly name: string;
  readonly type: number;
  /** Undefined for a null. */
  readonly value: Buffer | undefined;
}

function lengthEncoded(value: number): Buffer {
  if (value < 251) return Buffer.from([value]);
  const bytes = Buffer.alloc(value < 0x10000 ? 3 : 4);
  bytes[0] = value < 0x10000 ? 0xfc : 0xfd;
  bytes.writeUIntLE(value, 1, bytes.length - 1);
  return bytes;
}

function sized(text: string): Buffer {
  return Buffer.concat([lengthEncoded(text.length), Buffer.from(text)]);
}

/** The parameters, without what says how many they are. */
function parameters(attributes: readonly Attribute[]): Buffer {
  const nulls = Buffer.alloc((attributes.length + 7) >> 3);
  attributes.forEach(({ value }, index) => {
    if (value === undefined) nulls[index >> 3]! |= 1 << (index & 7);
  });
  return Buffer.concat([
    nulls,
    Buffer.from([1]),
    ...attributes.map(({ name, type }) => Buffer.concat([Buffer.from([type, 0]), sized(name)])),
    ...attributes.flatMap(({ value }) => (value === undefined ? [] : [value])),
  ]);
}

/** The argument of a COM_QUERY with these attributes. */
function argument(attributes: readonly Attribute[], sql = statement): Buffer {
  const block = attributes.length === 0 ? [] : [parameters(attributes)];
  return Buffer.concat([lengthEncoded(attributes.length), Buffer.from([1]), ...block, Buffer.from(sql)]);
}

function texts(count: number): Attribute[] {
  return Array.from({ length: count }, (_, index) => ({ name: `n${index}`, type: 0xfe, value: sized(secret) }));
}

const ofTrace: Attribute = { name: 'traceparent', type: 0xfe, value: sized(trace) };

describe('the statement behind attributes', () => {
  test('twelve of them', () => {
    const calls = hexCalls(`
      C 250000000302010001fe00026e61fe00026e62067365637265740673656372657453454c4543542031
      S 0100000101
      C 9e000000030c01000001fe00026e61fe00026e62fe00026e63fe00026e64fe00026e65fe00026e66fe00026e67fe00026e68fe00026e69fe00026e6afe00026e6bfe00026e6c06736563726574067365637265740673656372657406736563726574067365637265740673656372657406736563726574067365637265740673656372657406736563726574067365637265740673656372657453454c4543542031
      S 0100000101`);
    expect(playSocket(calls, 3306, true).played).toMatchObject([
      { request: { requestResource: 'SELECT 1', endpoint: 'SELECT ?' }, response: { status: 'ok' } },
      { request: { requestResource: 'SELECT 1', endpoint: 'SELECT ?' }, response: { status: 'ok' } },
    ]);
  });

  test('any count', () => {
    for (const count of [0, 1, 8, 9, 10, 13, 16, 17, 32, 33, 40, 47, 65, 83, 115, 250, 251, 252, 300, 2000]) {
      for (const agreed of [true, undefined]) {
        const bytes = argument([...texts(count), ofTrace]);
        const { textStart, context } = readQueryAttributes(bytes, 0, bytes.length, agreed);
        expect([count, bytes.toString('latin1', textStart)]).toEqual([count, statement]);
        expect(context?.traceId).toBe(traceId);
      }
      const plain = argument(texts(count));
      expect(plain.toString('latin1', readQueryAttributes(plain, 0, plain.length, true).textStart)).toBe(statement);
    }
  });

  test('values of every type, and nulls', () => {
    const fixed = new Map([
      [0x01, 1],
      [0x02, 2],
      [0x03, 4],
      [0x04, 4],
      [0x05, 8],
      [0x08, 8],
      [0x09, 4],
      [0x0d, 2],
      [0xf4, 1],
    ]);
    const times = new Map([
      [0x07, [0, 4, 7, 11, 13]],
      [0x0a, [0, 4]],
      [0x0b, [0, 8, 12]],
      [0x0c, [0, 4, 7, 11, 13]],
    ]);
    const named = [0x00, 0x0f, 0x10, 0xf2, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff];
    const attributes: Attribute[] = [
      ...[...fixed].map(([type, size]) => ({ name: 'fixed', type, value: Buffer.alloc(size, 0x53) })),
      ...[...times].flatMap(([type, sizes]) =>
        sizes.map((size) => ({
          name: 'time',
          type,
          value: Buffer.concat([Buffer.from([size]), Buffer.alloc(size, 7)]),
        })),
      ),
      ...named.map((type) => ({ name: 'sized', type, value: sized('x'.repeat(300)) })),
      { name: 'null', type: 0x06, value: Buffer.alloc(0) },
      ...[0x03, 0x06, 0xfe].map((type) => ({ name: 'null', type, value: undefined })),
      ofTrace,
    ];
    const bytes = argument(attributes);
    const { textStart, context } = readQueryAttributes(bytes, 0, bytes.length, undefined);
    expect(bytes.toString('latin1', textStart)).toBe(statement);
    expect(context?.traceId).toBe(traceId);
    const unknownType = argument([{ name: 'a', type: 0x77, value: sized(secret) }]);
    expect(readQueryAttributes(unknownType, 0, unknownType.length, true).textStart).toBe(-1);
  });

  test('values are never shown, wherever the packet is cut', () => {
    for (const count of [1, 9, 12, 83, 260]) {
      const packet = mysqlCommand(3, argument(texts(count)));
      for (let at = 6; at < packet.length; at++) {
        const { requests } = play(mysqlDissector, [client(packet.subarray(0, at), packet.length)]);
        const text = requests.map(({ requestResource, endpoint }) => requestResource + endpoint).join();
        expect([at, /secret|\bn\d|[^\x20-\x7e]/.test(text)]).toEqual([at, false]);
        const shown = requests[0]?.requestResource ?? '';
        expect(statement.startsWith(shown)).toBe(true);
      }
    }
  });
});

describe('agreement in the handshake', () => {
  const greeting = (capabilities: number): Buffer => {
    const bytes = mysqlGreeting();
    const lower = bytes.indexOf(0, 5) + 14;
    bytes.writeUInt16LE(capabilities & 0xffff, lower);
    bytes.writeUInt16LE(capabilities >>> 16, lower + 5);
    return bytes;
  };
  const resource = (offered: number, asked: number, body: Buffer): string | undefined => {
    const calls = [
      server(greeting(0x200 | offered)),
      client(mysqlLogin('joe', 'shop', asked)),
      server(mysqlOk(2)),
      client(mysqlCommand(3, body)),
    ];
    return play(mysqlDissector, calls).requests.at(-1)?.requestResource;
  };

  test('without it, or with one side only, there are no attributes', () => {
    for (const [offered, asked] of [
      [0, 0],
      [agreedFlags, 0],
      [0, agreedFlags],
    ] as const) {
      expect(resource(offered, asked, Buffer.from('\t\x01select 1'))).toBe('\t\x01select 1');
    }
  });

  test('with it, they always stand there', () => {
    expect(resource(agreedFlags, agreedFlags, argument(texts(9)))).toBe(statement);
    expect(resource(agreedFlags, agreedFlags, argument([]))).toBe(statement);
    expect(resource(agreedFlags, agreedFlags, Buffer.from('\x09\x02secret'))).toBe('');
  });
});

describe('COM_STMT_EXECUTE', () => {
  const prepare = [
    client(mysqlCommand(0x16, 'select ?')),
    server(mysqlPacket(1, Buffer.concat([Buffer.from([0]), u32le(1), Buffer.from([0, 0, 1, 0, 0, 0, 0])]))),
  ];
  const execute = (flags: number, block: Buffer): Buffer =>
    mysqlCommand(0x17, Buffer.concat([u32le(1), Buffer.from([flags]), u32le(1), block]));

  test('carries the trace context behind its parameters', () => {
    const attributes = [{ name: '', type: 0xfd, value: sized(secret) }, ofTrace];
    const bytes = execute(8, Buffer.concat([lengthEncoded(2), parameters(attributes)]));
    const last = (sent: Buffer, length = sent.length): unknown =>
      play(mysqlDissector, [...prepare, client(sent, length)]).requests.at(-1);
    expect(last(bytes)).toMatchObject({ requestType: 'SELECT', requestResource: 'select ?', headers: { traceId } });
    for (let at = 6; at < bytes.length; at++)
      expect(last(bytes.subarray(0, at), bytes.length)).toMatchObject({ headers: { traceId: '' } });
    // Without the flag there is no count, and a parameter has no name.
    expect(last(execute(0, bytes.subarray(14)))).toMatchObject({ headers: { traceId: '' } });
  });
});
