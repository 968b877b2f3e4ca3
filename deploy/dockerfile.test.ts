import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stageNames } from '../cli/stages.ts';
import { projectRoot } from '../core/project-files.ts';
import { copies, inheritedInstructions, readDockerfile } from './testing/dockerfile.ts';

const root = projectRoot();
const stages = readDockerfile(readFileSync(join(root, 'deploy', 'Dockerfile'), 'utf8'));
const runTargets = [...stageNames, 'spanloom'];

/** The last instruction of that name counts. */
function effective(target: string, instruction: string): string | undefined {
  return inheritedInstructions(stages, target).findLast(({ name }) => name === instruction)?.text;
}

describe('the Dockerfile', () => {
  it('has a target for every stage, whose command is that stage', () => {
    for (const stage of stageNames) expect(effective(stage, 'CMD')).toBe(`["${stage}"]`);
  });

  it('copies only what the context has and what an earlier stage made', () => {
    const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
    const earlier = new Set<string>();
    let fromContext = 0;
    for (const stage of stages) {
      for (const { from, source } of copies(stage)) {
        if (from !== undefined) expect([...earlier]).toContain(from);
        else {
          fromContext++;
          expect(existsSync(join(root, source)), source).toBe(true);
          expect(ignored).toContain(`!${source.replace(/\/$/, '')}`);
        }
      }
      earlier.add(stage.name);
    }
    expect(fromContext).toBeGreaterThan(10);
  });

  it('brings every folder that the compiler reads', () => {
    const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.build.json'), 'utf8')) as {
      readonly include: readonly string[];
    };
    const copied = stages.flatMap(copies).map(({ source }) => source.replace(/\/$/, ''));
    // bench/ only measures.
    for (const folder of include.map((glob) => glob.split('/')[0]!).filter((name) => name !== 'bench'))
      expect(copied).toContain(folder);
  });

  it('runs nothing as root', () => {
    for (const target of runTargets) expect(effective(target, 'USER')).toBe('10001:10001');
  });

  it('hands signals to the stage: no shell stands between', () => {
    for (const target of runTargets) {
      expect(JSON.parse(effective(target, 'ENTRYPOINT')!)).toContain('/app/dist/cli/main.js');
      expect(Array.isArray(JSON.parse(effective(target, 'CMD')!))).toBe(true);
    }
  });

  it('takes no tag that changes its meaning, and packages without those for development', () => {
    const text = readFileSync(join(root, 'deploy', 'Dockerfile'), 'utf8');
    const bases = [...text.matchAll(/^ARG \w+_BASE=(.*)$/gm)].map((match) => match[1]!);
    expect(bases).toHaveLength(2);
    for (const base of bases) expect(base).toMatch(/^node:\d+\.\d+\.\d+-[a-z-]+$/);
    const common = inheritedInstructions(stages, 'common').map(({ text: each }) => each);
    expect(common).toContain('--from=packages /app/node_modules/ node_modules/');
    expect(stages.find(({ name }) => name === 'packages')!.instructions[0]!.text).toContain('--omit=dev');
  });

  it('says of which version it is the one that package.json says', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
    expect(effective('common', 'LABEL')).toContain(`org.opencontainers.image.version="${version}"`);
  });

  it('grants capabilities to the collector only, and none to node', () => {
    const granting = stages.filter(({ instructions }) => instructions.some(({ text }) => text.includes('setcap ')));
    expect(granting.map(({ name }) => name)).toEqual(['capture']);
    const all = inheritedInstructions(stages, 'collector').map(({ text }) => text);
    expect(all.join('\n')).toMatch(
      /setcap cap_bpf,cap_perfmon,cap_net_raw,cap_sys_ptrace,cap_sys_admin\+p \S*\/with-capabilities/,
    );
    for (const target of ['enricher', 'correlator', 'sink', 'query'])
      expect(inheritedInstructions(stages, target)).not.toContainEqual(
        expect.objectContaining({ text: expect.stringContaining('setcap') as string }),
      );
  });
});
