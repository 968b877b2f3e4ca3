/**
 * A real Kafka broker on this machine, for development, tests and benches: one node, broker and controller in one
 * process (KRaft), on loopback. It can be killed and started again on the same data and port.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePorts } from '../../core/free-ports.ts';
import { PipelineError } from '../../core/errors.ts';
import { endingWithParent } from '../../demo/bookinfo/ending-with-parent.ts';
import { brokerClassPath, findOnPath } from './jars.ts';

/** How a broker is started. */
export interface BrokerOptions {
  /** Data, settings and log of the broker; made when missing. */
  readonly directory: string;
  /** 0, the default, takes a free one; a directory that was used before keeps its port. */
  readonly port?: number;
  /** Heap of the Java machine. 512 MiB. */
  readonly heapMiB?: number;
  /** Lives on when this process ends. */
  readonly detached?: boolean;
  /** Listeners beside the plain one, such as `SASL_SSL://127.0.0.1:9093`; their security is a matter of `settings`. */
  readonly furtherListeners?: readonly string[];
  /** Further lines of server.properties. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
}

/** A running broker. */
export interface Broker {
  /** `host:port`, as clients want it. */
  readonly brokers: readonly string[];
  readonly port: number;
  readonly pid: () => number | undefined;
  /** In order; what was acknowledged stays. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it again after `stop` or `kill`, on the same data and port. */
  restart(): Promise<void>;
}

const startWithinMs = 60_000;

/**
 * Starts a broker and waits until it serves.
 *
 * @throws PipelineError ENVIRONMENT_UNSUPPORTED
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const directory = resolve(options.directory);
  const classPath = await brokerClassPath();
  const properties = join(directory, 'server.properties');
  mkdirSync(directory, { recursive: true });
  if (!existsSync(properties)) {
    const [free, controller] = await freePorts(2);
    writeFileSync(properties, serverProperties(directory, options.port || free!, controller!, options));
    await format(classPath, properties);
  }
  const port = Number(/^listeners=PLAINTEXT:\/\/127\.0\.0\.1:(\d+)/m.exec(readFileSync(properties, 'utf8'))![1]);
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    child = await launch(classPath, directory, options);
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((settle) => running.once('exit', settle));
    running.kill(signal);
    await ended;
  }
  await start();
  return {
    brokers: [`127.0.0.1:${port}`],
    port,
    pid: () => child?.pid,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    restart: start,
  };
}

function serverProperties(directory: string, port: number, controllerPort: number, options: BrokerOptions): string {
  const listeners = [`PLAINTEXT://127.0.0.1:${port}`, ...(options.furtherListeners ?? [])].join(',');
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `${listeners},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': listeners,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map':
      'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL',
    'log.dirs': join(directory, 'data'),
    'num.network.threads': 2,
    'num.io.threads': 4,
    'background.threads': 2,
    'num.recovery.threads.per.data.dir': 1,
    'auto.create.topics.enable': false,
    'offsets.topic.num.partitions': 4,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
    'message.max.bytes': 32 * 1024 * 1024,
    'replica.fetch.max.bytes': 32 * 1024 * 1024,
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
    'log.cleaner.threads': 1,
    // After a kill the controller takes the broker back only when its old session is over.
    'broker.session.timeout.ms': 2_000,
    'broker.heartbeat.interval.ms': 500,
    ...options.settings,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Storage belongs to a cluster from the beginning, so it is made before the first start. */
async function format(classPath: string, properties: string): Promise<void> {
  const java = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', classPath, 'kafka.tools.StorageTool'];
  try {
    await promisify(execFile)('java', [...java, 'format', '-t', 'c3BhbmxvbS1sb2NhbC0xMQ', '-c', properties]);
  } catch (error) {
    const text = (error as { readonly stderr?: string }).stderr?.trim().split('\n').at(-1) ?? String(error);
    throw new PipelineError('ENVIRONMENT_UNSUPPORTED', `The broker's storage was not made: ${text}`, { cause: error });
  }
}

async function launch(classPath: string, directory: string, options: BrokerOptions): Promise<ChildProcess> {
  const logPath = join(directory, 'broker.log');
  const log = openSync(logPath, 'w');
  const heap = options.heapMiB ?? 512;
  const java = {
    command: 'java',
    args: [
      `-Xmx${heap}m`,
      '-Xms128m',
      '-XX:+UseSerialGC',
      '-XX:+ExitOnOutOfMemoryError',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
      '-Dorg.slf4j.simpleLogger.showDateTime=true',
      ...['-cp', classPath, 'kafka.Kafka', join(directory, 'server.properties')],
    ],
  };
  // A broker that someone's tests need ends with them, also when they are killed.
  const mortal = options.detached !== true && findOnPath('setpriv') !== undefined;
  const { command, args } = mortal ? endingWithParent(java) : java;
  const child = spawn(command, args, { stdio: ['ignore', log, log], detached: options.detached === true });
  closeSync(log);
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      const text = readFileSync(logPath, 'utf8').slice(-2_000);
      reject(new PipelineError('ENVIRONMENT_UNSUPPORTED', `The broker ended: ${text}`));
    });
  });
  failed.catch(() => undefined);
  await Promise.race([failed, started(logPath)]);
  if (options.detached === true) child.unref();
  return child;
}

async function started(logPath: string): Promise<void> {
  const deadlineMs = performance.now() + startWithinMs;
  while (performance.now() < deadlineMs) {
    if (readFileSync(logPath, 'utf8').includes('Kafka Server started')) return;
    await sleep(100);
  }
  throw new PipelineError('ENVIRONMENT_UNSUPPORTED', `The broker did not start within ${startWithinMs / 1_000} s.`);
}
