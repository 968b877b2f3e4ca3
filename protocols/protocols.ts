import type { ProtocolDefinition } from './protocol-definition.ts';
import { dns } from './dns/definition.ts';
import { fastcgi } from './fastcgi/definition.ts';
import { http1 } from './http1/definition.ts';
import { memcached } from './memcached/definition.ts';
import { mysql } from './mysql/definition.ts';
import { postgresql } from './postgresql/definition.ts';
import { redis } from './redis/definition.ts';

/**
 * All protocols, in the order in which first bytes are tried: those whose first bytes are the least ambiguous first. After a
 * change: `npm run generate`.
 */
export const protocols: readonly ProtocolDefinition[] = [http1, fastcgi, redis, postgresql, mysql, dns, memcached];

const databases = protocols.filter(({ conventions }) => conventions.group === 'database');

/** Names of the protocols of databases. */
export const databaseNames: readonly string[] = databases.map(({ name }) => name);

/** Of those, the ones whose requests are statements. */
export const statementNames: readonly string[] = databases
  .filter(({ conventions }) => conventions.group === 'database' && conventions.hasStatements)
  .map(({ name }) => name);
