import { runClient } from '../../protocols/testing/programs.ts';
import { startMariadb } from '../../protocols/testing/real-servers.ts';
import { changeUser, type MysqlLogin } from './mysql-change-user.ts';
import { SessionRecorder } from './session-recorder.ts';

const password = 'zS40Secret';
const otherPassword = 'zS41Secret';
const wrongPassword = 'zS42Secret';
const native = (user: string, secret: string): readonly string[] => [
  `create user ${user}@'%' identified via mysql_native_password using password('${secret}')`,
  `grant all on *.* to ${user}@'%'`,
];
const setup = [
  ...['create database shop', 'create table shop.items (id int primary key, name text)'],
  ...native('joe', password),
  ...native('kim', otherPassword),
  `create user nobody@'%' identified by ''`,
  `grant all on shop.* to nobody@'%'`,
];

const work = [
  ...['select database()', "insert ignore into items values (1, 'a'), (2, repeat('password ', 900))"],
  ...['select * from items', 'selec 1', "update items set name = 'b' where id = 1", "prepare p from 'select ? + 1'"],
  ...['set @one = 1', 'execute p using @one'],
];

async function mariadb(port: number, args: readonly string[], statements: readonly string[]): Promise<unknown> {
  const connection = ['--no-defaults', '--skip-ssl', '-h127.0.0.1', `-P${port}`, '--force'];
  return runClient('mariadb', [...connection, ...args], `${statements.join(';\n')};\n`);
}

/** Sessions of the mariadb client and of raw sockets: with an empty password, mysql_native_password, COM_CHANGE_USER. */
export async function recordMysqlSessions(): Promise<SessionRecorder[]> {
  const server = await startMariadb(setup);
  const recorder = new SessionRecorder('mysql', server);
  try {
    await recorder.record({ client: 'mariadb', scenario: 'empty password' }, (port) =>
      mariadb(port, ['-unobody', 'shop'], work),
    );
    await recorder.record({ client: 'mariadb', scenario: 'native password', secrets: [password] }, (port) =>
      mariadb(port, ['-ujoe', `-p${password}`, 'shop'], [...work, 'use mysql', 'select 1']),
    );
    await recorder.record({ client: 'mariadb', scenario: 'wrong password', secrets: [wrongPassword] }, (port) =>
      mariadb(port, ['-ujoe', `-p${wrongPassword}`, 'shop'], work),
    );
    await recorder.record({ client: 'mariadb', scenario: 'switch to native password', secrets: [password] }, (port) =>
      // The client offers another method first, and the server asks for this one.
      mariadb(port, ['-ujoe', `-p${password}`, '--default-auth=client_ed25519', 'shop'], work),
    );
    await recorder.record({ client: 'mariadb', scenario: 'compression', secrets: [password] }, (port) =>
      mariadb(port, ['--compress', '-ujoe', `-p${password}`, 'shop'], [...work, 'use mysql', 'select 1']),
    );
    await recordChangeUser(recorder);
    await recordStatements(recorder);
  } finally {
    await server.stop();
  }
  return [recorder];
}

async function recordChangeUser(recorder: SessionRecorder): Promise<void> {
  const nobody: MysqlLogin = { user: 'nobody', password: '' };
  const joe: MysqlLogin = { user: 'joe', password };
  const kim: MysqlLogin = { user: 'kim', password: otherPassword };
  const wrong: MysqlLogin = { user: 'kim', password: wrongPassword };
  const scenarios: readonly (readonly [string, MysqlLogin, MysqlLogin])[] = [
    ['COM_CHANGE_USER to an empty password', joe, nobody],
    ['COM_CHANGE_USER from an empty password', nobody, kim],
    ['COM_CHANGE_USER with a wrong password', nobody, wrong],
    ['COM_CHANGE_USER', joe, kim],
  ];
  for (const [scenario, first, second] of scenarios) {
    const secrets = [first.password, second.password].filter((secret) => secret !== '');
    await recorder.record({ client: 'socket', scenario, secrets }, (port) => changeUser(port, first, second));
  }
  await recorder.record({ client: 'socket', scenario: 'COM_CHANGE_USER, cut', secrets: [otherPassword] }, (port) =>
    changeUser(port, nobody, kim, true),
  );
}

/** Statements that carry a password. */
async function recordStatements(recorder: SessionRecorder): Promise<void> {
  const scenarios: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['CREATE USER', ['zS43Secret'], [`create user u1 identified by 'zS43Secret'`]],
    ['CREATE USER, double quotes', ['zS44Secret'], [`CREATE USER u2 IDENTIFIED BY "zS44Secret" PASSWORD EXPIRE NEVER`]],
    ['ALTER USER', ['zS45Secret'], [`alter user u1\n identified by 'zS45Secret'`]],
    ['SET PASSWORD', ['zS46Secret'], [`set password for u1 = password('zS46Secret')`]],
    ['GRANT', ['zS47Secret'], [`grant select on shop.* to u3 identified by 'zS47Secret'`]],
    [
      'USING PASSWORD()',
      ['zS48Secret'],
      [`alter user u1 identified via mysql_native_password using password('zS48Secret')`],
    ],
    [
      'CHANGE MASTER',
      ['zS49Secret'],
      [`change master to master_host='127.0.0.1', master_user='x', master_password='zS49Secret'`],
    ],
    [
      'CREATE SERVER',
      ['zS50Secret'],
      [`create server s foreign data wrapper mysql options (host '127.0.0.1', user 'x', password 'zS50Secret')`],
    ],
    ['PREPARE', ['zS51Secret'], [`prepare p from 'create user u4 identified by ''zS51Secret'''`, 'execute p']],
  ];
  for (const [scenario, secrets, statements] of scenarios) {
    await recorder.record({ client: 'mariadb', scenario, secrets }, (port) =>
      mariadb(port, ['-uroot'], [...statements, 'select 1']),
    );
  }
  await recorder.record({ client: 'mariadb', scenario: 'compression, SET PASSWORD', secrets: ['zS52Secret'] }, (port) =>
    mariadb(port, ['--compress', '-uroot'], [`set password for u1 = password('zS52Secret')`, 'select 1']),
  );
}
