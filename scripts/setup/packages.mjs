import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { CommandError, run, say } from './step.mjs';

/** A broker for development and tests; Maven brings its archives. */
const kafka = [
  { present: () => command('java'), packages: [['openjdk-17-jre-headless'], ['default-jre-headless']] },
  { present: () => command('mvn'), packages: [['maven']] },
];

/** What Bookinfo is made of: its services, their sidecars, and the network between them. */
const bookinfo = [
  { present: () => command('python3'), packages: [['python3']] },
  { present: () => command('ruby') && rubyHas('webrick'), packages: [['ruby', 'ruby-webrick']] },
  { present: () => command('javac'), packages: [['openjdk-17-jdk-headless'], ['default-jdk-headless']] },
  { present: () => command('haproxy'), packages: [['haproxy']] },
  { present: () => command('curl'), packages: [['curl']] },
  { present: () => command('ip'), packages: [['iproute2']] },
  { present: () => command('iptables'), packages: [['iptables']] },
];

/**
 * What comes from Debian. `present` tells whether a need is met already, by whatever means; `packages` are alternatives,
 * best first, each a set that meets the need.
 */
const needs = {
  build: [
    { present: () => command('clang-19') || command('clang'), packages: [['clang-19'], ['clang']] },
    { present: () => command('make'), packages: [['make']] },
    { present: () => command('g++'), packages: [['g++']] },
    { present: () => header('bpf/libbpf.h'), packages: [['libbpf-dev']] },
    { present: () => header('libelf.h'), packages: [['libelf-dev']] },
    { present: () => header('zlib.h'), packages: [['zlib1g-dev']] },
    { present: () => header('re2/re2.h'), packages: [['libre2-dev']] },
    // Loaded at run time, and only for filters of packets that are given as text.
    { present: () => library('libpcap.so.0.8'), packages: [['libpcap0.8'], ['libpcap0.8t64']] },
  ],
  demo: [
    { present: () => command('python3'), packages: [['python3']] },
    { present: () => command('redis-server'), packages: [['redis-server']] },
    {
      present: () => command('mariadbd') || command('postgres') || existsSync('/usr/lib/postgresql'),
      packages: [['mariadb-server'], ['postgresql']],
    },
  ],
  bookinfo,
  test: [
    ...bookinfo,
    { present: () => command('nginx'), packages: [['nginx-light']] },
    { present: () => command('wrk'), packages: [['wrk']] },
    { present: () => command('mariadbd'), packages: [['mariadb-server']] },
    { present: () => command('postgres') || existsSync('/usr/lib/postgresql'), packages: [['postgresql']] },
    { present: () => command('memcached'), packages: [['memcached']] },
    { present: () => command('memccat'), packages: [['libmemcached-tools']] },
    { present: () => command('tshark') && command('dumpcap'), packages: [['tshark']] },
    { present: () => command('ip'), packages: [['iproute2']] },
    // What clang needs for -fsanitize, which its package only recommends.
    {
      present: () => (command('clang') && !command('clang-19')) || sanitizersOfClang('19'),
      packages: [['libclang-rt-19-dev']],
    },
    // Servers that bench/causality puts under load; what builds and installs the others.
    {
      present: () => phpExtensions('curl', 'redis', 'pdo_pgsql', 'pdo_mysql'),
      packages: [['php-fpm', 'php-curl', 'php-redis', 'php-pgsql', 'php-mysql']],
    },
    { present: () => command('apache2'), packages: [['apache2-bin']] },
    { present: () => systemPythonHas('ensurepip'), packages: [['python3-venv']] },
    // In which the page is tested.
    { present: () => command('chromium'), packages: [['chromium']] },
    // Which reads our metrics in tests.
    { present: () => command('prometheus') && command('promtool'), packages: [['prometheus']] },
    ...kafka,
  ],
  kafka,
  long: [],
};

const directories = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/local/sbin'];

function command(name) {
  return directories.some((directory) => directory !== '' && existsSync(`${directory}/${name}`));
}

function header(name) {
  return ['/usr/include', '/usr/local/include'].some((directory) => existsSync(`${directory}/${name}`));
}

function library(name) {
  const folders = ['/lib', '/usr/lib', '/usr/lib64', '/usr/local/lib'];
  const ofMachines = existsSync('/usr/lib')
    ? readdirSync('/usr/lib').filter((folder) => folder.includes('-linux-gnu'))
    : [];
  return [...folders, ...ofMachines.map((folder) => `/usr/lib/${folder}`)].some((folder) =>
    existsSync(`${folder}/${name}`),
  );
}

function sanitizersOfClang(version) {
  const folder = `/usr/lib/llvm-${version}/lib/clang/${version}/lib/linux`;
  return existsSync(folder) && readdirSync(folder).some((name) => /^libclang_rt\.asan-.*\.a$/.test(name));
}

/** The version is part of Debian's names: php-fpm8.2 and /etc/php/8.2/fpm/. */
function phpExtensions(...names) {
  const root = '/etc/php';
  const versions = existsSync(root) ? readdirSync(root) : [];
  return versions.some((version) => {
    const folder = `${root}/${version}/fpm/conf.d`;
    const found = command(`php-fpm${version}`) && existsSync(folder) ? readdirSync(folder) : [];
    return names.every((name) => found.some((file) => file.endsWith(`-${name}.ini`)));
  });
}

/** Debian's modules belong to Debian's Python, which need not be the first on the path. */
function systemPythonHas(module) {
  return spawnSync('/usr/bin/python3', ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
}

function rubyHas(library) {
  return spawnSync('ruby', ['-r', library, '-e', ''], { stdio: 'ignore' }).status === 0;
}

/**
 * Installs what is missing, as root on Debian and its relatives; elsewhere says in one sentence what to install.
 * @param {readonly ('build' | 'demo' | 'bookinfo' | 'test' | 'long' | 'kafka')[]} purposes
 * @returns {Promise<string>} what was done
 */
export async function installPackages(purposes) {
  const missing = purposes.flatMap((purpose) => needs[purpose]).filter((need) => !need.present());
  if (missing.length === 0) return 'all there';
  const wanted = missing.map((need) => need.packages[0].join(' ')).join(' ');
  if (!command('apt-get')) return `missing, please install what Debian calls ${wanted}`;
  if (process.getuid() !== 0) return `missing, please run: sudo apt-get install ${wanted}`;
  const policy = withholdServices();
  try {
    return await install(missing, wanted);
  } finally {
    policy.release();
  }
}

async function install(missing, wanted) {
  const names = () => [
    ...new Set(
      missing
        .map(firstKnown)
        .filter((set) => set !== undefined)
        .flat(),
    ),
  ];
  if (missing.some((need) => firstKnown(need) === undefined)) await update();
  try {
    await aptInstall(names());
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // The lists may be older than what the mirror still has.
    await update();
    try {
      await aptInstall(names());
    } catch (second) {
      if (!(second instanceof CommandError)) throw second;
      const reason = second.output.split('\n').find((line) => line.startsWith('E:')) ?? second.message;
      return `could not install ${wanted}: ${reason}`;
    }
  }
  return `installed ${names().join(' ')}`;
}

/** The first alternative whose packages apt knows to be installable. */
function firstKnown(need) {
  return need.packages.find((set) =>
    set.every((name) => {
      const policy = spawnSync('apt-cache', ['policy', name], { encoding: 'utf8' });
      return /Candidate: (?!\(none\))/.test(policy.stdout ?? '');
    }),
  );
}

async function update() {
  try {
    await run('apt-get', ['update', '-q']);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    say(`apt-get update failed; going on with the lists there are`);
  }
}

async function aptInstall(names) {
  if (names.length === 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C', RUNLEVEL: '1' };
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...names], { env });
}

/** Debian starts the services that it installs; here they are only tools, so a policy forbids it meanwhile. */
function withholdServices() {
  const path = '/usr/sbin/policy-rc.d';
  if (existsSync(path)) return { release: () => undefined };
  writeFileSync(path, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return { release: () => rmSync(path, { force: true }) };
}
