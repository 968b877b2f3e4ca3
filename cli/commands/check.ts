import { PipelineError } from '../../core/errors.ts';
import { checkKernel } from '../../native/check.ts';
import { paintFor } from '../output/style.ts';

/** Tries every kernel program on this machine and prints what became of each. */
export function check(): void {
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
