import { stages } from '../../cli/stages.ts';
import type { StageDefinition } from '../../core/stage/stage-definition.ts';

const begin = '# <stages>\n';
const end = '# </stages>\n';

/** The text of acls.sh with the rights of the stages as their definitions have them. */
export function withStageRights(script: string): string {
  const [start, stop] = [script.indexOf(begin), script.indexOf(end)];
  if (start < 0 || stop < start) throw new Error('acls.sh has no part for the stages');
  const users = stages.filter(({ stores }) => stores.includes('bus'));
  return script.slice(0, start + begin.length) + users.map(rightsOf).join('\n') + script.slice(stop);
}

function rightsOf({ name, reads, writes }: StageDefinition): string {
  const read = [...new Set(reads.map(({ topic }) => topic))];
  const lines = [`grant ${name} --operation Describe --topic "$prefix" --resource-pattern-type prefixed`];
  if (writes.length > 0) lines.push(`writes ${name} ${writes.join(' ')}`);
  if (read.length > 0) lines.push(`reads ${name} ${read.join(' ')}`, `joins ${name}`);
  return lines.map((line) => `${line}\n`).join('');
}
