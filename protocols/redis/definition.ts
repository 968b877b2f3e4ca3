import type { ProtocolDefinition } from '../protocol-definition.ts';
import { redisDissector, redisPort } from './redis.ts';
import { redisCommands } from './redis-words.ts';

/** Redis and its descendants. */
export const redis: ProtocolDefinition = {
  name: 'redis',
  dissector: redisDissector,
  usualPorts: [redisPort],
  conventions: {
    group: 'database',
    hasStatements: false,
    // `WRONGTYPE Operation against …`
    codeOfError: (text) => /^[A-Z]+/.exec(text)?.[0] ?? '',
  },
  redactionWords: [{ name: 'kRedisCommands', form: 'upper-sorted', words: redisCommands }],
};
