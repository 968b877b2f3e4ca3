/** A Dockerfile, as far as its checks need it: stages with their instructions. */

/** One instruction; continued lines are joined. */
export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** What stands between one FROM and the next. */
export interface ImageStage {
  readonly name: string;
  /** The image or stage it starts from. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** Reads the stages of a Dockerfile without heredocs. */
export function readDockerfile(text: string): readonly ImageStage[] {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n');
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const from = /^FROM (\S+) AS (\S+)$/.exec(line);
    if (from !== null) stages.push({ base: from[1]!, name: from[2]!, instructions: [] });
    else {
      const [name, ...rest] = line.split(' ');
      stages.at(-1)?.instructions.push({ name: name!, text: rest.join(' ') });
    }
  }
  return stages;
}

/** A stage with all that it inherits, the oldest first. */
export function inheritedInstructions(stages: readonly ImageStage[], name: string): readonly Instruction[] {
  const stage = stages.find((each) => each.name === name);
  return stage === undefined ? [] : [...inheritedInstructions(stages, stage.base), ...stage.instructions];
}

/** What copies copy, of the build context or of another stage. */
export function copies({ instructions }: ImageStage): readonly { readonly from?: string; readonly source: string }[] {
  return instructions
    .filter(({ name }) => name === 'COPY')
    .flatMap(({ text }) => {
      const words = text.split(' ');
      const from = /^--from=(.+)$/.exec(words.find((word) => word.startsWith('--from=')) ?? '')?.[1];
      const sources = words.filter((word) => !word.startsWith('--')).slice(0, -1);
      return sources.map((source) => (from === undefined ? { source } : { from, source }));
    });
}
