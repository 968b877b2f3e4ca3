/** A capture of one network namespace in a process of its own, until it is killed. After each block it prints how far it is. */
import { LiveFlows } from './live-flows.ts';

/** A line of its output. */
export interface CaptureLine {
  readonly interfaces: readonly string[];
  readonly problems: readonly string[];
  readonly segments: number;
}

// The capture keeps no process running.
setInterval(() => undefined, 60_000);
const live = new LiveFlows({ namespaces: [process.argv[2]!] });
for (let seen = 0; ; seen = live.blocks.length) {
  await live.until(() => live.blocks.length > seen);
  const { interfaces, problems } = live.progress();
  const line: CaptureLine = { interfaces, problems, segments: live.segments.length };
  console.log(JSON.stringify(line));
}
