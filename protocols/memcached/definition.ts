import type { ProtocolDefinition } from '../protocol-definition.ts';
import { memcachedDissector, memcachedPort } from './memcached.ts';
import { replyWords, textCommands } from './memcached-words.ts';

/** Memcached, text and binary. */
export const memcached: ProtocolDefinition = {
  name: 'memcached',
  dissector: memcachedDissector,
  usualPorts: [memcachedPort],
  conventions: {
    group: 'database',
    hasStatements: false,
    // `SERVER_ERROR out of memory …`
    codeOfError: (text) => /^(?:CLIENT_|SERVER_)?ERROR/.exec(text)?.[0] ?? '',
  },
  redactionWords: [
    { name: 'kMemcachedCommands', form: 'lower', words: textCommands },
    { name: 'kMemcachedReplies', form: 'upper-sorted', words: replyWords },
  ],
};
