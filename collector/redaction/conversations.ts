/** Generators of what sockets carry, with secrets in them, cut into calls as kernels and captures cut it. For tests. */
import fc from 'fast-check';

/** One call of a socket as the redactor sees it. */
export interface ConversationCall {
  readonly direction: 'ingress' | 'egress';
  readonly bytes: Buffer;
  readonly length: number;
}

/** Secrets consist of this letter and nothing else in these conversations does, so that a leak shows. */
export const secretLetter = '\u00e5';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const secret = fc.integer({ min: 1, max: 80 }).map((length) => secretLetter.repeat(length));
const word = fc.stringMatching(/^[a-y0-9_/]{0,24}$/);
const anyCase = (text: string): fc.Arbitrary<string> =>
  fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map((upper) => Array.from(text, (letter, index) => (upper[index]! ? letter.toUpperCase() : letter)).join(''));

const secretHeader = fc
  .tuple(
    fc.constantFrom('authorization', 'proxy-authorization', 'cookie', 'set-cookie').chain(anyCase),
    fc.constantFrom(':', ': ', ' :  ', ':\t'),
    secret,
    fc.constantFrom('', '\r\n ', '\n\t'),
    secret,
  )
  .map(([name, colon, value, fold, rest]) =>
    fold === '' ? `${name}${colon}${value}` : `${name}${colon}${value}${fold}${rest}`,
  );
const plainHeader = fc
  .tuple(fc.constantFrom('host', 'accept', 'a', 'cookies', 'auth', 'x-cookie', 'set'), word)
  .map(([name, value]) => `${name}: ${value}`);

/** An HTTP/1 request with secret headers. */
export const httpRequest = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'M-SEARCH'),
    fc.oneof(word, fc.constant('long'.repeat(150))),
    fc.array(fc.oneof(secretHeader, plainHeader), { maxLength: 8 }),
    word,
  )
  .map(([method, path, headers, body]) =>
    latin1([`${method} /${path} HTTP/1.1`, ...headers, '', method === 'POST' ? body : ''].join('\r\n')),
  );

const respCommand = (parts: readonly string[]): Buffer =>
  latin1(`*${parts.length}\r\n${parts.map((part) => `$${part.length}\r\n${part}\r\n`).join('')}`);

/** A Redis command that carries a password. */
export const redisLogin = fc
  .tuple(
    secret,
    fc.constantFrom(
      ['auth', '?'],
      ['auth', 'bob', '?'],
      ['hello', '3', 'auth', 'bob', '?', 'setname', 'me'],
      ['config', 'set', 'timeout', '1', 'requirepass', '?'],
      ['acl', 'setuser', 'bob', 'on', '>?', '~*'],
      ['migrate', 'host', '6379', 'key', '0', '10', 'auth2', 'bob', '?'],
    ),
    fc.boolean(),
  )
  .map(([value, command, upper]) =>
    respCommand(command.map((part, index) => (upper && index === 0 ? part.toUpperCase() : part.replace('?', value)))),
  );

const sizedPostgresql = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

/** A PostgreSQL password or SASL response. */
export const postgresqlLogin = secret.map((value) => sizedPostgresql('p', latin1(`${value}\0`)));

const statement = fc
  .tuple(
    secret,
    fc.constantFrom(
      "create user bob password '?'",
      "ALTER ROLE bob WITH PassWord $x$?$x$ valid until 'now'",
      "create user 'bob'@'%' identified by '?'",
      "set password for bob = password('it''s ?')",
      "update users set password = '\\'?' where id = 1",
    ),
  )
  .map(([value, template]) => template.replace('?', () => value));

/** SQL with a password, as PostgreSQL sends it. */
export const postgresqlStatement = statement.map((text) => sizedPostgresql('Q', latin1(`${text}\0`)));

const mysqlPacket = (sequence: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUIntLE(body.length, 0, 3);
  head[3] = sequence;
  return Buffer.concat([head, body]);
};

/** A MySQL handshake response, and SQL with a password. */
export const mysqlLogin = secret.map((value) => {
  const fixed = Buffer.alloc(32);
  fixed.writeUInt32LE(0x00088200, 0);
  fixed[8] = 33;
  return mysqlPacket(
    1,
    Buffer.concat([fixed, latin1('bob\0'), Buffer.from([value.length]), latin1(`${value}db\0plugin\0`)]),
  );
});
export const mysqlStatement = statement.map((text) => mysqlPacket(0, Buffer.concat([Buffer.from([3]), latin1(text)])));

/** Cuts a message into calls at these places and each call to what the budgets leave of it. */
export function cutIntoCalls(
  message: Buffer,
  cuts: readonly number[],
  direction: 'ingress' | 'egress',
  budget = Infinity,
  continuation = 32,
): ConversationCall[] {
  const places = [0, ...cuts.map((cut) => cut % (message.length + 1)).sort((a, b) => a - b), message.length];
  let left = budget;
  return places.slice(1).map((end, index) => {
    const whole = message.subarray(places[index], end);
    const captured = left > 0 ? Math.min(left, whole.length) : Math.min(continuation, whole.length);
    left -= captured;
    return { direction, bytes: Buffer.from(whole.subarray(0, captured)), length: whole.length };
  });
}

/** Any of the messages above, mutated, or any bytes; cut anyhow; several of them on one socket. */
export const anyConversation: fc.Arbitrary<ConversationCall[]> = fc
  .array(
    fc
      .tuple(
        fc.oneof(
          httpRequest,
          redisLogin,
          postgresqlLogin,
          postgresqlStatement,
          mysqlLogin,
          mysqlStatement,
          fc
            .constantFrom('AUTH ZZ\r\n', 'hello 3 auth b ZZ', 'acl setuser b >Z\n', 'Config set requirepass Z\n')
            .map(latin1),
          fc.constantFrom('token=abc x', 'card:1234567-89', '\u00ff\u00fe\u00fd\u00fc').map(latin1),
          fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
        ),
        fc.array(fc.nat(), { maxLength: 4 }),
        fc.constantFrom('ingress' as const, 'egress' as const),
        fc.constantFrom(Infinity, 512, 64, 20, 3),
        fc.array(fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(0, 3, 4, 10, 13, 32, 36, 39, 42, 58), fc.nat(255))), {
          maxLength: 2,
        }),
      )
      .map(([message, cuts, direction, budget, mutations]) => {
        const bytes = Buffer.from(message);
        for (const [place, value] of mutations) if (bytes.length > 0) bytes[place % bytes.length] = value;
        return cutIntoCalls(bytes, cuts, direction, budget);
      }),
    { minLength: 1, maxLength: 4 },
  )
  .map((messages) => messages.flat());
