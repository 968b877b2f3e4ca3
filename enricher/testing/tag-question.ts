import type { TagQuestion } from '../tag/tagger.ts';

/** A question of process 10 for a test. */
export function tagQuestion(given: Partial<TagQuestion>): TagQuestion {
  return {
    processId: 10,
    transport: 'tcp',
    isServer: false,
    localAddress: Uint8Array.of(10, 1, 1, 1),
    localPort: 8080,
    remoteAddress: Uint8Array.of(10, 1, 2, 1),
    remotePort: 8080,
    timeNs: 1500n,
    memo: { local: undefined },
    ...given,
  };
}
