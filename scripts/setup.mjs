#!/usr/bin/env node
// Makes a fresh clone ready to run: packages, BPF programs, native addon, compiled TypeScript, web page. Quick when nothing
// changed. `npm run setup` prepares everything; start.mjs and test.mjs ask for what they need.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDeployChecks } from './setup/deploy-checks.mjs';
import { installPackages } from './setup/packages.mjs';
import { CommandError, run, say, step } from './setup/step.mjs';
import { digestOf, Stamps } from './setup/stamps.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamps = new Stamps(root);

/**
 * @param {readonly ('build' | 'demo' | 'bookinfo' | 'test' | 'long')[]} purposes what Debian packages are for; `long` takes Go
 * @returns {Promise<boolean>} is everything there? If not, what is missing has been said.
 */
export async function setup(purposes) {
  const problems = [];
  const attempt = async (name, work) => {
    try {
      await step(name, work);
    } catch (error) {
      problems.push(name);
      if (!(error instanceof CommandError)) throw error;
      process.stderr.write(`${error.output}\n`);
      say(`${name}: ${error.message}`);
    }
  };
  await Promise.all([
    attempt('Debian packages', () => installPackages(purposes)),
    attempt('npm packages', installDependencies),
  ]);
  if (problems.includes('npm packages'))
    throw new Error('npm packages could not be installed; nothing runs without them');
  await Promise.all([
    attempt('BPF programs', buildBpf).then(() => attempt('native addon', buildNative)),
    attempt('TypeScript', compile),
    attempt('web page', buildPage),
    ...(purposes.includes('long') ? [attempt('checks of deploy/', () => buildDeployChecks(root, stamps))] : []),
  ]);
  if (problems.includes('TypeScript')) throw new Error('the TypeScript does not compile');
  return problems.length === 0;
}

async function installDependencies() {
  const marker = join(root, 'node_modules', '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  // npm writes the marker last, so it is there only after a complete install.
  if (existsSync(marker) && (statSync(marker).mtimeMs >= statSync(lock).mtimeMs || sameLock(marker, lock))) {
    return 'up to date';
  }
  try {
    await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root });
  } catch (error) {
    if (!(error instanceof CommandError) || !error.output.includes('EUSAGE')) throw error;
    // A registry that lacks the optional packages of other platforms makes npm doubt the lock file.
    say('npm ci does not accept package-lock.json; using npm install');
    await run('npm', ['install', '--no-save', '--no-audit', '--no-fund'], { cwd: root });
  }
  return 'installed';
}

/** A checkout touches the lock file without changing it. */
function sameLock(marker, lock) {
  const versions = (path) => {
    const packages = JSON.parse(readFileSync(path, 'utf8')).packages;
    return Object.entries(packages).flatMap(([name, { version, integrity }]) =>
      name === '' || !existsSync(join(root, name)) ? [] : [`${name} ${version} ${integrity}`],
    );
  };
  return versions(marker).join('\n') === versions(lock).join('\n');
}

async function buildBpf() {
  const digest = digestOf(root, ['bpf'], () => true);
  if (stamps.isCurrent('bpf', digest, ['bpf/build'])) return 'up to date';
  await run('make', ['-B', '-C', 'bpf'], { cwd: root });
  stamps.save('bpf', digest);
  return 'built';
}

async function buildNative() {
  const sources = (name) => /\.(cc|cpp|hh|hpp|h|gyp|gypi)$/.test(name);
  const digest = digestOf(root, ['native', 'protocols', 'bpf'], sources, [process.version, process.arch]);
  if (stamps.isCurrent('native', digest, ['native/build/Release'])) return 'up to date';
  const gyp = join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  await run(process.execPath, [gyp, 'rebuild', '-C', 'native', '-j', 'max', ...nodeHeaders()], { cwd: root });
  stamps.save('native', digest);
  return 'built';
}

/** Headers that stand beside node spare a download of the same. */
function nodeHeaders() {
  if (process.env.npm_config_nodedir) return [];
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
}

async function compile() {
  const folders = JSON.parse(readFileSync(join(root, 'tsconfig.build.json'), 'utf8')).include.map(
    (glob) => glob.split('/')[0],
  );
  const inputs = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json', ...folders];
  const digest = digestOf(root, inputs, (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  if (stamps.isCurrent('dist', digest, ['dist/cli/main.js'])) return 'up to date';
  await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'], {
    cwd: root,
  });
  stamps.save('dist', digest);
  return 'compiled';
}

async function buildPage() {
  const inputs = ['query/ui', 'query/api', 'schemas', 'tsconfig.json', 'package-lock.json'];
  const digest = digestOf(
    root,
    inputs,
    (name) => /\.(tsx?|mjs|css|html|svg|json)$/.test(name) && !name.includes('.test.'),
  );
  if (stamps.isCurrent('page', digest, ['query/ui/build/index.html'])) return 'up to date';
  await run('npm', ['run', '--silent', 'build:page'], { cwd: root });
  stamps.save('page', digest);
  return 'built';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = (await setup(['build', 'demo', 'test'])) ? 0 : 1;
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  }
}
