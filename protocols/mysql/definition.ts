import type { ProtocolDefinition } from '../protocol-definition.ts';
import { mysqlDissector } from './mysql.ts';
import { mysqlPort } from './mysql-conversation.ts';

/** MySQL and MariaDB. */
export const mysql: ProtocolDefinition = {
  name: 'mysql',
  dissector: mysqlDissector,
  usualPorts: [mysqlPort],
  conventions: { group: 'database', hasStatements: true },
};
