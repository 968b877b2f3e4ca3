import { capturedBatches } from '../../collector/replay/captured-batches.ts';
import type { CaptureFile } from '../../collector/replay/capture-file.ts';
import { eventBatchMessage } from '../../collector/capture/event-batch-message.ts';
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import type { Topic } from '../../core/topics.ts';
import type { EnricherConfig } from '../../enricher/config.ts';
import { createEnricher } from '../../enricher/stage.ts';
import { dissectors } from '../../protocols/dissectors.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { readSpanBatch } from '../../schemas/generated/span-batch.ts';

/**
 * The spans of a capture file, as the enricher makes them: requests paired with their responses, not joined to traces.
 *
 * @throws PipelineError FILE_CORRUPT, behind everything that was readable
 */
export async function dissectSpans(
  file: CaptureFile,
  config: EnricherConfig,
  emit: (span: Span) => void | Promise<void>,
): Promise<void> {
  const enricher = createEnricher(config, { dissectors });
  const emitAll = async (outputs: readonly OutgoingMessage[]): Promise<void> => {
    for (const { topic, value } of outputs)
      if (topic === ('spans' satisfies Topic))
        for (const span of readSpanBatch(new AvroReader(Buffer.from(value))).spans) await emit(span);
  };
  let offset = 0;
  try {
    for await (const { value, agentId } of capturedBatches(file)) {
      const { topic, key, headers = {} } = eventBatchMessage(agentId, value);
      const nowMs = Date.now();
      const message = { topic, partition: 0, offset: offset++, timestampMs: nowMs, key, headers, value };
      await emitAll(enricher.process(message, nowMs));
    }
  } finally {
    await emitAll(enricher.drain());
  }
}
