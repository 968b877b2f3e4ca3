import { execFileSync } from 'node:child_process';

/** Files that a change touches, by who writes them. Paths are relative to the project. */
export interface TouchedFiles {
  readonly byHand: readonly string[];
  /** Written by a generator, apart from the parts around. */
  readonly partlyGenerated: readonly string[];
  readonly generated: readonly string[];
}

/** Files of which a generator writes some lines: whether a change of one was made by hand shows its diff. */
export const partlyGeneratedFiles: readonly string[] = [
  'deploy/kafka/acls.sh',
  'schemas/clickhouse/derived/5-otel-traces.sql',
];

const generatedPaths: readonly RegExp[] = [
  /(^|\/)generated\//,
  /^schemas\/avro\/history\//,
  /^schemas\/clickhouse\/derived\/3-spans-named\.sql$/,
  /^docs\/configuration\.md$/,
  /^package-lock\.json$/,
];

/** What has changed here since a commit of this branch or of another, uncommitted changes included. */
export function touchedSince(root: string, commit: string): TouchedFiles {
  const [base] = git(root, 'merge-base', commit, 'HEAD');
  return grouped(git(root, 'diff', '--name-only', '--no-renames', base!));
}

/** What some commits changed, taken together. */
export function touchedBy(root: string, commits: readonly string[]): TouchedFiles {
  return grouped(commits.flatMap((commit) => git(root, 'show', '--name-only', '--no-renames', '--format=', commit)));
}

/** The paths, each once, by who writes them. */
export function grouped(paths: readonly string[]): TouchedFiles {
  const all = [...new Set(paths)].sort();
  const generated = all.filter((path) => generatedPaths.some((pattern) => pattern.test(path)));
  const partlyGenerated = all.filter((path) => partlyGeneratedFiles.includes(path));
  const others = new Set([...generated, ...partlyGenerated]);
  return { byHand: all.filter((path) => !others.has(path)), partlyGenerated, generated };
}

function git(root: string, ...options: readonly string[]): readonly string[] {
  return execFileSync('git', options, { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
}
