import type { Dissector } from './dissection/dissector.ts';
import { dnsDissector } from './dns/dns.ts';
import { http1Dissector } from './http1/http1.ts';
import { mysqlDissector } from './mysql/mysql.ts';
import { postgresqlDissector } from './postgresql/postgresql.ts';
import { redisDissector } from './redis/redis.ts';

/** All protocols, those whose first bytes are the least ambiguous first. */
export const dissectors: readonly Dissector[] = [
  http1Dissector,
  redisDissector,
  postgresqlDissector,
  mysqlDissector,
  dnsDissector,
];
