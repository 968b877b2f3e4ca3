import type { OutgoingMessage } from '../../core/bus/bus.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import type { CorrelatorConfig } from '../config.ts';
import { Correlator } from '../stage.ts';
import { finalTraces, tracesOf } from './span-messages.ts';

/** The traces of one correlator that keeps all in memory. */
export function tracesInMemory(config: CorrelatorConfig, messages: readonly OutgoingMessage[]): readonly Trace[] {
  const correlator = new Correlator(config);
  const outputs = messages.flatMap((message, offset) =>
    correlator.process(
      {
        ...message,
        partition: 0,
        offset,
        timestampMs: 0,
        value: Buffer.from(message.value),
        headers: message.headers ?? {},
      },
      0,
    ),
  );
  return finalTraces(tracesOf([...outputs, ...correlator.drain()]));
}
