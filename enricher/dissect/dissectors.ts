import type { Dissector } from './dissector.ts';
import { dnsDissector } from './dns.ts';
import { http1Dissector } from './http1.ts';
import { mysqlDissector } from './mysql.ts';
import { postgresqlDissector } from './postgresql.ts';
import { redisDissector } from './redis.ts';

/** All protocols, those whose first bytes are the least ambiguous first. */
export const dissectors: readonly Dissector[] = [
  http1Dissector,
  redisDissector,
  postgresqlDissector,
  mysqlDissector,
  dnsDissector,
];
