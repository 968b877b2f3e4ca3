import { existsSync } from 'node:fs';
import { PipelineError } from '../../core/errors.ts';
import { checkKernel } from '../../native/check.ts';
import { addonPath, loadNative } from '../../native/load.ts';
import { paintFor } from '../output/style.ts';

/** What each part of the capture of packets needs. */
const packetNeeds = [
  ['capture', 'canCapture', 'takes CAP_NET_RAW'],
  ['other network namespaces', 'canEnterNamespaces', 'takes CAP_SYS_ADMIN'],
  ['filters as text', 'canCompileFilters', 'takes libpcap (Debian: libpcap0.8)'],
] as const;

/** Tries what the capture of packets needs, which works without any kernel program. */
function checkPackets(): void {
  if (!existsSync(addonPath)) return;
  const paint = paintFor(process.stdout, process.env);
  const found = loadNative().checkPacketCapture();
  for (const [what, key, need] of packetNeeds)
    process.stdout.write(
      `packets, ${what}: ${found[key] ? paint('green', 'works') : `${paint('red', 'missing')}, ${need}`}\n`,
    );
}

/** Tries every kernel program, and what the capture of packets needs, on this machine and prints what became of each. */
export function check(): void {
  checkPackets();
  const { programs, missing } = checkKernel();
  const paint = paintFor(process.stdout, process.env);
  const nameWidth = Math.max(0, ...programs.map(({ name }) => name.length));
  for (const { name, loaded, attached, error } of programs) {
    const works = loaded && attached;
    const what = works ? 'works' : loaded ? 'loads, does not attach' : 'does not load';
    const line = `${name.padEnd(nameWidth)}  ${paint(works ? 'green' : 'red', what)}`;
    process.stdout.write(error === undefined ? `${line}\n` : `${line}: ${error}\n`);
  }
  if (missing.length > 0) throw new PipelineError('ENVIRONMENT_UNSUPPORTED', missing.join(' '));
  const failed = programs.filter(({ loaded, attached }) => !loaded || !attached).length;
  if (failed > 0)
    throw new PipelineError(
      'ENVIRONMENT_UNSUPPORTED',
      `${failed} of ${programs.length} programs do not work on this kernel.`,
    );
  process.stdout.write(`All ${programs.length} kernel programs work here.\n`);
}
