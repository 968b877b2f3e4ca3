import { fitted, printable } from '../output/printable.ts';
import type { FlowMessage } from './message-dissection.ts';

/** Lines of a table whose columns have fixed widths, since its rows come one by one. */
export interface MessageTable {
  readonly title: string;
  line(message: FlowMessage): string;
}

const widths = [26, 10, 8, 8, 12, 6] as const;

/** A table of messages, as wide as the terminal. @param width in characters */
export function messageTable(width = process.stdout.isTTY ? process.stdout.columns : 200): MessageTable {
  const line = (cells: readonly string[], text: string): string => {
    const fixed = cells.map((cell, index) => fitted(cell, widths[index]!, index === 3 ? 'right' : 'left'));
    return Array.from([...fixed, printable(text)].join('  '))
      .slice(0, width)
      .join('')
      .trimEnd();
  };
  return {
    title: line(['time', 'protocol', 'kind', 'bytes', 'status', 'code'], 'message'),
    line(message) {
      const isRequest = message.kind === 'request';
      const cells = [
        timeText(message.timeNs),
        message.protocol,
        message.kind,
        String(message.bytes),
        isRequest ? '' : message.status,
        message.responseCode === 0 ? '' : String(message.responseCode),
      ];
      const text = isRequest ? [message.requestType, message.domain, message.resource] : [message.exception];
      return line(cells, text.filter((part) => part !== '').join(' '));
    },
  };
}

/** UTC with microseconds. */
function timeText(timeNs: bigint): string {
  const date = new Date(Number(timeNs / 1_000_000n));
  const microseconds = String((timeNs / 1000n) % 1000n).padStart(3, '0');
  return Number.isNaN(date.getTime()) ? `${timeNs} ns` : `${date.toISOString().slice(0, -1)}${microseconds}`;
}
