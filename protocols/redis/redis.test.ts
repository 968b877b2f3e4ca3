import { describe, expect, test } from 'vitest';
import type { RecognitionHints } from '../dissection/dissector.ts';
import { client, play, server } from '../testing/play.ts';
import { redisCommand as command, redisValue as value } from '../testing/wire.ts';
import { describeCommand } from './redis-commands.ts';
import { redisDissector } from './redis.ts';

const hints: RecognitionHints = { sender: undefined, senderPort: 40000, receiverPort: 7000, transport: 'tcp' };

function recognise(bytes: Buffer, over: Partial<RecognitionHints> = {}): string {
  return redisDissector.recognise(bytes, { ...hints, ...over });
}

describe('recognition', () => {
  test('tells commands by their first word where nothing else is known', () => {
    expect(recognise(command('GET', 'a'))).toBe('request');
    // Modules and renamed commands have other words: what the other end says will tell.
    expect(recognise(value('*2\r\n$5\r\nworld\r\n$1\r\na\r\n'))).toBe('either');
    expect(recognise(value('*2\r\n$7\r\na value\r\n$1\r\na\r\n'))).toBe('response');
    expect(recognise(value('*2\r\n$5\r\nworld\r\n:1\r\n'))).toBe('response');
  });

  test('takes any value but an array of strings for the answer to what may be a command', () => {
    const answers = [
      '+OK\r\n',
      '-ERR no\r\n',
      ':1\r\n',
      '$-1\r\n',
      '$1\r\n1\r\n',
      '_\r\n',
      '#t\r\n',
      ',1.5\r\n',
      '(12\r\n',
    ];
    for (const answer of [...answers, '%0\r\n', '~1\r\n:1\r\n', '=5\r\ntxt:a\r\n', '*0\r\n', '*-1\r\n', '*1\r\n:1\r\n'])
      expect(recognise(value(answer), { mayAnswer: true })).toBe('response');
    expect(recognise(command('a', 'b'), { mayAnswer: true })).toBe('either');
    expect(recognise(command('GET', 'b'), { mayAnswer: true })).toBe('either');
    expect(recognise(value('HTTP/1.1 200 OK\r\n'), { mayAnswer: true })).toBe('no');
    expect(recognise(value('+O'), { mayAnswer: true })).toBe('undecided');
  });

  test('believes the kernel about who sends, then the port', () => {
    expect(recognise(command('GET', 'a'), { sender: 'server' })).toBe('response');
    expect(recognise(command('JSON.GET', 'a'), { sender: 'client' })).toBe('request');
    expect(recognise(command('CUSTOM', 'a'), { receiverPort: 6379 })).toBe('request');
    expect(recognise(command('GET', 'a'), { senderPort: 6379 })).toBe('response');
    expect(recognise(value('+OK\r\n'), { senderPort: 6379 })).toBe('response');
  });

  test('does not take other text protocols for it', () => {
    expect(recognise(value('+OK POP3 ready\r\n'))).toBe('no');
    expect(recognise(value('-ERR no such message\r\n'))).toBe('no');
    expect(recognise(value('GET / HTTP/1.1\r\n'))).toBe('no');
    expect(recognise(value('get key\r\n'))).toBe('no');
    expect(recognise(command('GET', 'a'), { transport: 'udp' })).toBe('no');
  });

  test('waits for more when the first word is not there yet', () => {
    expect(recognise(value('*2\r\n'))).toBe('undecided');
    expect(recognise(value('*2\r\n$3\r\nG'))).toBe('undecided');
  });

  test('a length beyond what was captured', () => {
    // Longer than any name: whatever was captured of it, no command begins so.
    for (const captured of ['', 'GET', 'x'.repeat(64), 'x'.repeat(65), 'x'.repeat(409)])
      expect(recognise(value(`*2\r\n$410\r\n${captured}`))).toBe('response');
    expect(recognise(value('*2\r\n$64\r\nGET'))).toBe('undecided');
    expect(recognise(value('*2\r\n$999999999999999\r\nGET'))).toBe('response');
  });
});

describe('commands and replies', () => {
  test('a command shows its keys and never its values', () => {
    const { requests } = play(redisDissector, [client(command('SET', 'user:1', 'secret', 'EX', '5'))]);
    expect(requests).toMatchObject([
      { requestType: 'SET', requestResource: 'SET user:1', endpoint: 'SET', version: '' },
    ]);
  });

  test.each([
    [['AUTH', 'joe', 'secret'], 'AUTH'],
    [['HELLO', '3', 'AUTH', 'joe', 'secret'], 'HELLO'],
    [['MGET', 'a', 'b'], 'MGET a b'],
    [['MSET', 'a', '1', 'b', '2'], 'MSET a b'],
    [['config', 'set', 'requirepass', 'secret'], 'CONFIG SET'],
    [['CONFIG', 'GET', 'dir'], 'CONFIG GET dir'],
    [['EVAL', 'return 1', '2', 'k1', 'k2', 'v'], 'EVAL k1 k2'],
    [['XREAD', 'COUNT', '2', 'STREAMS', 's1', 's2', '0', '0'], 'XREAD s1 s2'],
    [['ZUNIONSTORE', 'dest', '2', 'a', 'b'], 'ZUNIONSTORE dest a b'],
    [['HGET', 'h', 'f'], 'HGET h f'],
    [['JSON.SET', 'doc', '$', '{}'], 'JSON.SET doc'],
    [['WHATEVER', 'x'], 'WHATEVER'],
    [['DEL', ...Array.from({ length: 12 }, (_, index) => `k${index}`)], 'DEL k0 k1 k2 k3 k4 k5 k6 k7'],
  ])('%j is shown as %s', (words, resource) => {
    expect(describeCommand(words[0]!.toUpperCase(), words.slice(1)).resource).toBe(resource);
  });

  test('each kind of reply has its status and short result', () => {
    const replies = [
      '+OK\r\n',
      ':7\r\n',
      '$-1\r\n',
      '$5\r\nhello\r\n',
      '*-1\r\n',
      '_\r\n',
      '#t\r\n',
      ',1.5\r\n',
      '%0\r\n',
    ];
    const calls = replies.flatMap((reply) => [client(command('GET', 'a')), server(value(reply))]);
    expect(play(redisDissector, calls).responses.map((response) => [response.status, response.result])).toEqual([
      ['ok', 'OK'],
      ['ok', '7'],
      ['ok', 'nil'],
      ['ok', ''],
      ['ok', 'nil'],
      ['ok', 'nil'],
      ['ok', 't'],
      ['ok', '1.5'],
      ['ok', ''],
    ]);
  });

  test('errors tell whose fault they are', () => {
    const calls = [
      client(command('GET', 'a')),
      server(value('-WRONGTYPE Operation against a key\r\n')),
      client(command('GET', 'a')),
      server(value('!20\r\nLOADING not ready ok\r\n')),
    ];
    expect(play(redisDissector, calls).responses).toMatchObject([
      { status: 'client_error', exception: 'WRONGTYPE Operation against a key' },
      { status: 'server_error', exception: 'LOADING not ready ok' },
    ]);
  });

  test('a pipeline is answered in order', () => {
    const calls = [
      client(Buffer.concat([command('SET', 'a', '1'), command('INCR', 'n'), command('LRANGE', 'l', '0', '-1')])),
      server(value('+OK\r\n:3\r\n*2\r\n$1\r\nx\r\n*1\r\n:1\r\n')),
      client(command('PING')),
      server(value('+PONG\r\n')),
    ];
    const { requests, responses } = play(redisDissector, calls);
    expect(requests.map((request) => request.endpoint)).toEqual(['SET', 'INCR', 'LRANGE', 'PING']);
    expect(responses.map((response) => [response.origin, response.offset, response.result])).toEqual([
      [1, 0, 'OK'],
      [1, 5, '3'],
      [1, 9, ''],
      [3, 0, 'PONG'],
    ]);
  });

  test('a transaction is answered one for one', () => {
    const calls = [
      client(command('MULTI')),
      server(value('+OK\r\n')),
      client(Buffer.concat([command('INCR', 'n'), command('EXEC')])),
      server(value('+QUEUED\r\n*1\r\n:4\r\n')),
    ];
    expect(play(redisDissector, calls).responses).toHaveLength(3);
  });

  test('values larger than what is captured are passed over', () => {
    const set = command('SET', 'big', 'x'.repeat(10_000));
    const get = Buffer.from(`$10000\r\n${'x'.repeat(500)}`);
    const calls = [
      client(set.subarray(0, 512), set.length),
      server(value('+OK\r\n')),
      client(Buffer.concat([command('GET', 'big'), command('GET', 'small')])),
      server(get, 8000),
      server(Buffer.from('x'.repeat(32)), 2002 + '$10000\r\n'.length),
      server(value('$1\r\nx\r\n')),
    ];
    const { requests, responses } = play(redisDissector, calls);
    expect(requests.map((request) => request.requestResource)).toEqual(['SET big', 'GET big', 'GET small']);
    expect(responses.map((response) => response.origin)).toEqual([1, 3, 5]);
  });

  test('a command over several calls begins where its first byte was', () => {
    const bytes = command('GET', 'some-key');
    const calls = [...bytes].map((byte) => client(Buffer.from([byte])));
    expect(play(redisDissector, calls).requests).toMatchObject([{ origin: 0, requestResource: 'GET some-key' }]);
  });

  test('inline commands are read', () => {
    expect(play(redisDissector, [client(value('\r\nget  a\r\n'))]).requests).toMatchObject([
      { requestResource: 'GET a' },
    ]);
  });

  test('HELLO and SELECT name version and database from then on', () => {
    const calls = [
      client(command('HELLO', '3')),
      server(value('%1\r\n$5\r\nproto\r\n:3\r\n')),
      client(command('SELECT', '2')),
      server(value('+OK\r\n')),
      client(command('GET', 'a')),
    ];
    expect(play(redisDissector, calls).requests.at(-1)).toMatchObject({ version: '3', requestDomain: '2' });
  });
});

describe('what nobody asked for', () => {
  test('published messages answer nothing, confirmations answer once', () => {
    const confirm = (channel: string, count: number): string =>
      `*3\r\n$9\r\nsubscribe\r\n$1\r\n${channel}\r\n:${count}\r\n`;
    const message = '*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n';
    const calls = [
      client(command('SUBSCRIBE', 'a', 'b')),
      server(value(confirm('a', 1) + confirm('b', 2) + message)),
      server(value(message)),
      client(command('PING')),
      server(value(`${message}*2\r\n$4\r\npong\r\n$0\r\n\r\n`)),
    ];
    expect(play(redisDissector, calls).responses.map((response) => response.origin)).toEqual([1, 4]);
  });

  test('pushes of RESP3 answer nothing', () => {
    const push = '>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n';
    const calls = [client(command('GET', 'a')), server(value(`${push}$1\r\n1\r\n${push}`)), server(value(push))];
    expect(play(redisDissector, calls).responses).toMatchObject([{ offset: push.length }]);
  });

  test('an attribute belongs to the reply behind it', () => {
    const calls = [client(command('GET', 'a')), server(value('|1\r\n$1\r\nk\r\n$1\r\nv\r\n$1\r\n1\r\n'))];
    expect(play(redisDissector, calls).responses).toHaveLength(1);
  });
});

describe('trouble', () => {
  const list = `*1000\r\n${'$1\r\nx\r\n'.repeat(70)}`;
  const hiding = [
    client(Buffer.concat([command('LRANGE', 'l', '0', '-1'), command('GET', 'a')])),
    server(value(list), 7100),
  ];
  const next = [client(command('GET', 'b')), server(value('$1\r\nb\r\n'))];
  const turn = [client(Buffer.concat([command('GET', 'c'), command('GET', 'd')])), server(value(':1\r\n:2\r\n'))];

  test('replies hidden behind a long array are unknown, and those of a client that may not wait for them', () => {
    const { responses } = play(redisDissector, [...hiding, ...next]);
    expect(responses.map((response) => [response.origin, response.status])).toEqual([
      [1, 'ok'],
      [1, 'unknown'],
      [3, 'unknown'],
    ]);
  });

  test('a client that was seen to wait for all replies is right again at once, any other after a pause', () => {
    const waits = play(redisDissector, [...[turn, turn, turn, turn, turn].flat(), ...hiding, ...next]);
    expect(waits.responses.slice(-3).map((response) => response.status)).toEqual(['ok', 'unknown', 'ok']);
    const paused = play(redisDissector, [...hiding, { ...next[0]!, afterPause: true }, next[1]!]);
    expect(paused.responses.map((response) => response.status)).toEqual(['ok', 'unknown', 'ok']);
  });

  test('replies to commands that were not captured go to nobody', () => {
    const calls = [
      client(command('GET', 'a'), 900),
      server(value(':1\r\n:2\r\n:3\r\n')),
      client(command('GET', 'b')),
      server(value(':4\r\n')),
    ];
    expect(play(redisDissector, calls).responses.map((response) => response.result)).toEqual(['1', '4']);
  });

  test('callers that share a connection get unknown rather than each other\u2019s replies', () => {
    const get = (key: string): ReturnType<typeof client> => client(command('GET', key));
    const calls = [
      get('a'),
      server(value(':1\r\n')),
      get('b'),
      // Written before the reply to b was read; what follows in the same call was not captured.
      client(command('GET', 'c'), 200),
      server(value(':2\r\n')),
      get('d'),
      server(value(':3\r\n')),
      server(value(':4\r\n')),
    ];
    const { responses } = play(redisDissector, calls);
    expect(responses.map((response) => response.result || response.status)).toEqual([
      '1',
      'unknown',
      'unknown',
      'unknown',
    ]);
  });

  test('what is no RESP is given up', () => {
    const noise = value('\x00\x01 nothing');
    expect(play(redisDissector, [client(noise), server(noise), client(noise)]).desynchronized).toBe(true);
  });
});
