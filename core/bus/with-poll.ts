import type { Consumer } from './bus.ts';

/** A consumer that polls in another way; all else is that of the consumer behind it. */
export function withPoll(consumer: Consumer, poll: Consumer['poll']): Consumer {
  const { maxDeaths, workNotes } = consumer;
  return {
    poll,
    commit: (positions) => consumer.commit(positions),
    endOffsets: () => consumer.endOffsets(),
    ...(maxDeaths === undefined ? {} : { maxDeaths }),
    ...(workNotes === undefined ? {} : { workNotes }),
    close: () => consumer.close(),
  };
}
