/** Bytes of connections through the whole enricher: dissecting, following, pairing, tagging. */
import { runConnection } from '../../enricher/testing/connection.ts';
import { examples } from '../../protocols/testing/examples.ts';
import { decodeConversation } from '../conversation.ts';
import { conversations } from '../seeds.ts';
import { hold, type Target } from '../target.ts';

export const dissectors: Target = {
  seeds: conversations,
  dictionary: examples.flatMap(({ dictionary }) => dictionary),
  run(input) {
    const { steps, view } = decodeConversation(input);
    const { spans, counters } = runConnection(steps, view);
    const { received, emitted, buffered } = counters;
    const lost = [...Object.values(counters.dropped), ...Object.values(counters.rejected)];
    hold(received === lost.reduce((sum, count) => sum + count, emitted + buffered), 'received = emitted + dropped + …');
    // Each message takes a byte of some call at least.
    const bytes = steps.reduce((sum, [, call]) => sum + call.length, 0);
    hold(spans.length <= bytes, `${spans.length} spans of ${bytes} bytes`);
  },
};
