import type { CaptureFile } from '../../collector/replay/capture-file.ts';
import { intervalsOf, segmentsOf } from './block-records.ts';
import { type FlowMessage, MessageDissection } from './message-dissection.ts';

/** Reads a capture file and dissects its messages. What was found is there also when it throws. */
export async function dissectMessages(
  file: CaptureFile,
  found: (messages: readonly FlowMessage[]) => void | Promise<void>,
): Promise<void> {
  let messages: FlowMessage[] = [];
  const dissection = new MessageDissection((message) => messages.push(message));
  const flush = async (): Promise<void> => {
    const batch = messages;
    messages = [];
    if (batch.length > 0) await found(batch);
  };
  try {
    for await (const { blocks } of file.chunks()) {
      for (const block of blocks) {
        for (const segment of segmentsOf(block)) dissection.read(segment, block.baseNs);
        for (const { flowId, metrics } of intervalsOf(block)) if (!metrics.isOpen) dissection.end(flowId);
      }
      await flush();
    }
  } finally {
    dissection.endAll();
    await flush();
  }
}
