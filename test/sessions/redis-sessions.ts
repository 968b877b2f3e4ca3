import { Redis } from 'ioredis';
import { runClient } from '../../protocols/testing/programs.ts';
import { startRedis } from '../../protocols/testing/real-servers.ts';
import { RawClient } from './raw-client.ts';
import { SessionRecorder } from './session-recorder.ts';

const password = 'zS01Secret';
const userPassword = 'zS02Secret';
const wrongPassword = 'zS03Secret';
const users = ['--requirepass', password, '--user', 'bob', 'on', `>${userPassword}`, '~*', '&*', '+@all'];

const command = (...words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

const cli = async (port: number, args: readonly string[], commands: readonly string[]): Promise<unknown> =>
  runClient('redis-cli', ['-p', String(port), ...args], `${commands.join('\n')}\n`);

/** Waits for so many replies of one line. */
const lines =
  (count: number) =>
  (bytes: Buffer): boolean =>
    bytes.toString('latin1').split('\r\n').length > count;

/** Sessions of redis-cli, ioredis and raw sockets, at a server without and one with passwords. */
export async function recordRedisSessions(): Promise<SessionRecorder[]> {
  const open = await startRedis();
  const closed = await startRedis(users);
  const openRecorder = new SessionRecorder('redis', open);
  const closedRecorder = new SessionRecorder('redis', closed);
  try {
    await recordWithoutLogin(openRecorder);
    await recordLogins(closedRecorder);
    await recordRawLogins(closedRecorder);
    await recordAdministration(openRecorder);
  } finally {
    await open.stop();
    await closed.stop();
  }
  return [openRecorder, closedRecorder];
}

async function recordWithoutLogin(recorder: SessionRecorder): Promise<void> {
  await recorder.record({ client: 'redis-cli', scenario: 'no login' }, (port) =>
    cli(
      port,
      [],
      [
        ...['SET a 1', 'INCR a', `SET big ${'x'.repeat(5000)}`, 'GET big', 'LPUSH a x', 'GET none', 'NOSUCH x'],
        ...[
          'MULTI',
          'INCR a',
          'EXEC',
          'HSET user:7 name joe password-hint none',
          'HGETALL user:7',
          'EVAL "return 1" 0',
        ],
        ...['HELLO 3', 'CLIENT SETNAME auth', 'CONFIG GET maxmemory', 'SET password hint', 'GET password', 'PING'],
      ],
    ),
  );
  await recorder.record({ client: 'ioredis', scenario: 'no login, pipelines, binary values' }, async (port) => {
    const redis = new Redis({ port, host: '127.0.0.1', lazyConnect: true });
    await redis.connect();
    await redis.set('bytes', Buffer.from(Array.from({ length: 2048 }, (_, index) => index & 0xff)));
    await redis.getBuffer('bytes');
    await redis
      .pipeline([
        ['set', 'auth', 'x'],
        ['get', 'auth'],
        ['incr', 'n'],
        ['lpush', 'n', 'x'],
      ])
      .exec();
    await redis.multi().set('hello', '3').get('hello').exec();
    await redis.mset(
      Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`key:${index}`, 'v'.repeat(index)])),
    );
    const subscriber = redis.duplicate();
    await subscriber.subscribe('auth', 'news');
    await redis.publish('news', 'AUTH is a word');
    await subscriber.unsubscribe();
    await subscriber.quit();
    await redis.quit();
  });
  await recorder.record({ client: 'socket', scenario: 'no login, inline commands, split calls' }, async (port) => {
    const client = await RawClient.connect(port);
    await client.send('PING\r\n');
    await client.receive(lines(1));
    await client.send('SET greeting "hello world"\r\nGET greeting\r\n');
    await client.receive(lines(3));
    await client.send('*2\r\n$4\r\nEC', 'HO\r\n$4\r\nauth\r', '\n');
    await client.receive(lines(2));
    await client.close();
  });
}

async function recordLogins(recorder: SessionRecorder): Promise<void> {
  const work = ['SET a 1', 'GET a', 'CLIENT ID'];
  await recorder.record({ client: 'redis-cli', scenario: 'AUTH of the default user', secrets: [password] }, (port) =>
    cli(port, ['-a', password], work),
  );
  await recorder.record({ client: 'redis-cli', scenario: 'AUTH of a user', secrets: [userPassword] }, (port) =>
    cli(port, ['--user', 'bob', '--pass', userPassword], work),
  );
  await recorder.record({ client: 'redis-cli', scenario: 'HELLO 3 AUTH by -3', secrets: [userPassword] }, (port) =>
    cli(port, ['-3', '--user', 'bob', '--pass', userPassword], work),
  );
  const all = [password, userPassword, wrongPassword];
  await recorder.record({ client: 'redis-cli', scenario: 'logins as commands, also wrong', secrets: all }, (port) =>
    cli(
      port,
      [],
      [
        ...['PING', `AUTH ${wrongPassword}`, `auth ${password}`, 'PING', `AUTH bob ${wrongPassword}`],
        ...[`HELLO 3 AUTH bob ${wrongPassword}`, `hello 3 setname me auth bob ${userPassword}`, 'SET a 2', 'GET a'],
      ],
    ),
  );
  await recorder.record({ client: 'ioredis', scenario: 'AUTH of the default user', secrets: [password] }, (port) =>
    useLibrary(port, { password }),
  );
  await recorder.record({ client: 'ioredis', scenario: 'AUTH of a user', secrets: [userPassword] }, (port) =>
    useLibrary(port, { username: 'bob', password: userPassword }),
  );
  await recorder.record({ client: 'ioredis', scenario: 'wrong password', secrets: [wrongPassword] }, (port) =>
    useLibrary(port, { password: wrongPassword }),
  );
}

async function useLibrary(port: number, login: { username?: string; password: string }): Promise<void> {
  const settings = { port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 };
  const redis = new Redis({ ...settings, ...login });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.set('a', 'x'.repeat(700));
    await redis.get('a');
    await redis.quit();
  } catch {
    // The login was refused: that is what is recorded.
  }
  redis.disconnect();
}

/** Logins in shapes that no library sends: inline, quoted, in one call with other commands, cut anywhere. */
async function recordRawLogins(recorder: SessionRecorder): Promise<void> {
  const half = password.length / 2;
  const whole = command('AUTH', password);
  const cut = whole.indexOf(password) + half;
  const attempts: readonly (readonly [string, readonly string[], number])[] = [
    ['inline AUTH', [`AUTH ${password}\r\n`, 'PING\r\n'], 2],
    ['inline AUTH, quoted', [`auth "${password}"\r\n`, 'PING\r\n'], 2],
    ['inline AUTH of a user', [`AUTH  bob   ${userPassword}\n`, 'PING\r\n'], 2],
    ['inline AUTH, cut within', [`AUTH ${password.slice(0, half)}`, `${password.slice(half)}\r\n`], 1],
    ['AUTH in one call with others', [command('AUTH', password) + command('PING') + command('SET', 'k', 'v')], 3],
    ['AUTH behind others in one call', [command('PING') + command('AUTH', 'bob', userPassword) + command('PING')], 3],
    ['AUTH, cut within the password', [whole.slice(0, cut), whole.slice(cut)], 1],
    ['AUTH, cut within a length', [whole.slice(0, whole.indexOf('$10') + 2), whole.slice(whole.indexOf('$10') + 2)], 1],
    ['AUTH, one byte a call', Array.from(whole), 1],
    ['AUTH behind a large value', [command('SET', 'k', 'v'.repeat(3000)) + command('AUTH', password)], 2],
    ['HELLO AUTH SETNAME', [command('HELLO', '2', 'AUTH', 'bob', userPassword, 'SETNAME', 'me')], 20],
  ];
  for (const [scenario, parts, replies] of attempts) {
    const secrets = [password, userPassword].filter((secret) => parts.join('').includes(secret));
    await recorder.record({ client: 'socket', scenario, secrets }, async (port) => {
      const client = await RawClient.connect(port);
      await client.send(...parts);
      await client.receive(lines(replies), 1_000);
      await client.send(command('GET', 'a'));
      await client.receive(lines(1));
      await client.close();
    });
  }
}

/** Commands of administrators that carry passwords, and replies that do. */
async function recordAdministration(recorder: SessionRecorder): Promise<void> {
  const scenarios: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['AUTH where none is needed', ['zS04Secret'], ['AUTH zS04Secret', 'PING']],
    [
      'ACL SETUSER',
      ['zS05Secret', 'zS06Secret'],
      ['ACL SETUSER kim on >zS05Secret >zS06Secret <zS06Secret ~* +@all', 'AUTH kim zS05Secret', 'ACL WHOAMI'],
    ],
    ['CONFIG SET masterauth', ['zS07Secret'], ['CONFIG SET masterauth zS07Secret maxmemory 0', 'PING']],
    ['CONFIG GET masterauth: in the reply', ['zS07Secret'], ['CONFIG GET masterauth', 'PING']],
    [
      'MIGRATE AUTH',
      ['zS08Secret', 'zS09Secret'],
      ['SET m 1', 'MIGRATE 127.0.0.1 1 m 0 10 AUTH zS08Secret', 'MIGRATE 127.0.0.1 1 m 0 10 AUTH2 kim zS09Secret'],
    ],
    ['CONFIG SET requirepass', ['zS10Secret'], ['CONFIG SET requirepass zS10Secret', 'AUTH zS10Secret', 'PING']],
  ];
  for (const [scenario, secrets, commands] of scenarios) {
    await recorder.record({ client: 'redis-cli', scenario, secrets }, (port) => cli(port, [], commands));
  }
}
