import { client, server, resp, type MarkedCall } from '../../testing/marked.ts';

/** Conversations with their secrets marked. */
export const secrets: Readonly<Record<string, readonly MarkedCall[]>> = {
  AUTH: [client(resp('AUTH', '«pw»')), server('+OK\r\n'), client(resp('GET', 'auth')), server('$-1\r\n')],
  'AUTH of a user': [client(resp('auth', 'bob', '«pw»')), server('+OK\r\n')],
  'AUTH in a pipeline': [
    client(resp('PING'), resp('AUTH', '«pw»'), resp('SET', 'auth', 'x')),
    server('+PONG\r\n+OK\r\n+OK\r\n'),
  ],
  'HELLO with AUTH': [
    client(resp('HELLO', '3', 'AUTH', 'auth', '«pw»', 'SETNAME', 'me')),
    server('%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n'),
  ],
  inline: [
    client(
      'AUTH «pw»\r\n',
      'auth bob «"p w"»\r\n'.replace('«"', '"«').replace('"»', '»"'),
      'SET k v\r\n',
      'AUTH\t«t»\r\n',
    ),
    server('+OK\r\n+OK\r\n+OK\r\n+OK\r\n'),
  ],
  'an empty line first': [client('\r\n', resp('AUTH', '«pw»')), server('+OK\r\n')],
  'inline, spelt with escapes and quotes': [
    client('PING\r\n', '"\\x41UTH" «pw»\r\n', 'AU"TH" bob «pw»\r\n', "CONFIG SET 'requirepass' «pw»\r\n"),
    client('CONFIG "\\x53ET" require"p"ass «pw»\r\n', 'SET "\\x41" \'AUTH x\'\r\n'),
    server('+PONG\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n'),
  ],
  'CONFIG SET': [
    client(resp('CONFIG', 'SET', 'timeout', '1', 'requirepass', '«a»', 'masterauth', '«b»', 'maxmemory', '1gb')),
    server('+OK\r\n'),
    client(resp('config', 'set', 'primaryauth', '«c»'), resp('CONFIG', 'SET', 'tls-key-file-pass', '«d»')),
    server('+OK\r\n+OK\r\n'),
  ],
  'CONFIG GET': [
    client(resp('CONFIG', 'GET', '*')),
    server(resp('maxmemory', '0', 'requirepass', '«pw»', 'timeout', '1', 'masterauth', '«m»')),
  ],
  ACL: [
    client(resp('ACL', 'SETUSER', 'bob', 'on', '>«pw»', '<«old»', '#«0af»', '~*', '+@all')),
    server('+OK\r\n'),
    client(resp('ACL', 'GENPASS')),
    server('$4\r\n«0af1»\r\n'),
    client(resp('GET', 'a')),
    server('$4\r\n0af1\r\n'),
    client(resp('ACL', 'LIST')),
    server(resp('user bob on #«0af» ~* +@all', 'user eve off nopass')),
    client(resp('ACL', 'GETUSER', 'bob')),
    server('*4\r\n$9\r\npasswords\r\n*2\r\n$3\r\n«0af»\r\n$3\r\n«1af»\r\n$4\r\nkeys\r\n$1\r\n*\r\n'),
  ],
  MIGRATE: [
    client(resp('MIGRATE', 'h', '6379', 'auth', '0', '10', 'AUTH2', 'bob', '«pw»')),
    server('+OK\r\n'),
    client(resp('MIGRATE', 'h', '6379', '', '0', '10', 'COPY', 'AUTH', '«pw»', 'KEYS', 'a')),
    server('+OK\r\n'),
  ],
  SENTINEL: [
    client(resp('SENTINEL', 'SET', 'main', 'auth-pass', '«pw»', 'quorum', '2'), 'SENTINEL SET main auth-pass «pw»\r\n'),
    server('+OK\r\n+OK\r\n'),
    client(resp('SENTINEL', 'CONFIG', 'SET', 'sentinel-pass', '«pw»')),
    server('+OK\r\n'),
  ],
  'errors that repeat an argument': [
    client(resp('ACL', 'SETUSER', 'bob', '<«pw»')),
    server("-ERR Error in ACL SETUSER modifier '«<pw»': The password you are trying to remove does not exist\r\n"),
    client(resp('GET', 'a')),
    server("-ERR Syntax error in HELLO option '«pw»'\r\n"),
    client(resp('NOSUCH', 'x')),
    server("-ERR unknown command 'NOSUCH', with args beginning with: 'x' \r\n"),
  ],
  'replies that are no commands': [
    client(resp('LRANGE', 'l', '0', '-1')),
    server(resp('AUTH', 'no secret')),
    client(resp('MGET', 'a', 'b')),
    server('*2\r\n$-1\r\n$1\r\nx\r\n'),
    client(resp('LPUSH', 's', '1')),
    server('-WRONGTYPE Operation against a key\r\n'),
  ],
};
