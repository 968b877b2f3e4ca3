import type { ProtocolDefinition } from '../protocol-definition.ts';
import { postgresqlDissector, postgresqlPort } from './postgresql.ts';

/** PostgreSQL and what speaks its protocol. */
export const postgresql: ProtocolDefinition = {
  name: 'postgresql',
  dissector: postgresqlDissector,
  usualPorts: [postgresqlPort],
  conventions: {
    group: 'database',
    hasStatements: true,
    // The SQLSTATE in `ERROR 42P01: …`
    codeOfError: (text) => /^\w+ ([0-9A-Z]{5}):/.exec(text)?.[1] ?? '',
  },
};
