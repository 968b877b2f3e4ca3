import { basename, extname } from 'node:path';

/** What a process's name for people is made of. */
export interface ServiceNameFacts {
  /** Its environment variable OTEL_SERVICE_NAME; empty when not set. */
  readonly otelServiceName: string;
  /** Path of the executable; empty when unreadable. */
  readonly executable: string;
  /** Command line, the program first. */
  readonly commandLine: readonly string[];
  /** The kernel's name of the process. */
  readonly kernelName: string;
}

/** An interpreter: how its executable is named, and which of its options take the next argument for themselves. */
interface Interpreter {
  readonly executable: RegExp;
  readonly optionsWithValue: ReadonlySet<string>;
  /** Options whose value is the program itself. */
  readonly programOptions?: ReadonlySet<string>;
  /** Options after which there is no script. */
  readonly inlineOptions: ReadonlySet<string>;
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));
const interpreters: readonly Interpreter[] = [
  {
    executable: /^(node|nodejs)\d*$/,
    optionsWithValue: words(
      '-r --require --import --loader --experimental-loader -C --conditions --env-file --title --inspect-port',
    ),
    inlineOptions: words('-e --eval -p --print -pe -i --interactive'),
  },
  {
    executable: /^(bun|deno)$/,
    optionsWithValue: words('-r --require --preload --config -c --import-map'),
    inlineOptions: words('-e --eval eval repl'),
  },
  {
    executable: /^(python|pypy)[\d.]*$/,
    optionsWithValue: words('-W -X -Q --check-hash-based-pycs'),
    programOptions: words('-m'),
    inlineOptions: words('-c'),
  },
  {
    executable: /^(ruby|perl)[\d.]*$/,
    optionsWithValue: words('-r -I -C -E'),
    inlineOptions: words('-e'),
  },
  {
    executable: /^php[\d.]*$/,
    optionsWithValue: words('-c -d -z -t -S'),
    programOptions: words('-f'),
    inlineOptions: words('-r'),
  },
  {
    executable: /^java$/,
    optionsWithValue: words(
      '-cp -classpath --class-path -p --module-path --add-modules --add-opens --add-exports --add-reads',
    ),
    programOptions: words('-jar -m --module'),
    inlineOptions: words('-version --version'),
  },
];

/** Deno and Bun put a command before the script. */
const subcommands = words('run test serve');

function scriptOf(interpreter: Interpreter, commandLine: readonly string[]): string | undefined {
  for (let index = 1; index < commandLine.length; index++) {
    const argument = commandLine[index]!;
    if (interpreter.inlineOptions.has(argument)) return undefined;
    if (interpreter.programOptions?.has(argument) === true) return commandLine[index + 1];
    if (interpreter.optionsWithValue.has(argument)) index++;
    else if (!argument.startsWith('-') && !(index === 1 && subcommands.has(argument))) return argument;
  }
  return undefined;
}

/** /srv/shop.mjs: shop. com.example.shop.Main or shop/com.example.Main: Main. package.module: package.module. */
function nameOfScript(interpreter: Interpreter, script: string): string {
  const base = basename(script);
  if (/\.(m|c)?[jt]sx?$|\.(jar|py|pyc|rb|pl|php|phar)$/.test(base)) return basename(base, extname(base));
  return interpreter.executable.test('java') ? (base.split('.').at(-1) ?? base) : base;
}

/** Name of a service for people, by the rules of ProcessFacts.service_name. Never empty unless all facts are. */
export function serviceName(facts: ServiceNameFacts): string {
  if (facts.otelServiceName !== '') return facts.otelServiceName;
  const executable = basename(facts.executable);
  if (executable === '') return facts.kernelName;
  const interpreter = interpreters.find((candidate) => candidate.executable.test(executable));
  const script = interpreter === undefined ? undefined : scriptOf(interpreter, facts.commandLine);
  const name = script === undefined || interpreter === undefined ? '' : nameOfScript(interpreter, script);
  if (name !== '') return name;
  return interpreter === undefined && !isNamedAfter(executable, facts.kernelName) ? facts.kernelName : executable;
}

/** False where one executable serves under several names (redis-server and redis-check-rdb, busybox): the kernel has the one it was started by. */
function isNamedAfter(executable: string, kernelName: string): boolean {
  return kernelName === '' || executable.startsWith(kernelName);
}
