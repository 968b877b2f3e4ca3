import { pino, type DestinationStream, type Logger } from 'pino';

/** Levels, from quiet to talkative. WARN: nothing is lost. ERROR: something is lost. FATAL: the process ends. */
export const logLevels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof logLevels)[number];

export type { Logger };

/** How a logger is made. */
export interface LoggerOptions {
  /** Process or stage that speaks: the field `name` of every line. */
  readonly name: string;
  readonly level?: LogLevel;
  /** Standard error when undefined: standard output belongs to what a command prints. */
  readonly destination?: DestinationStream;
}

/** Fields whose values never appear, at the top and one level below. */
const secretFields = ['password', 'secret', 'token', 'authorization', 'cookie', 'apiKey'];

/**
 * An error with its causes, and nothing else that its library has put on it: clients of databases keep the command there
 * that failed, with its arguments, and the command may be a login.
 */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack, code } = pino.stdSerializers.err(error) as Readonly<Record<string, unknown>>;
  const all = error instanceof AggregateError ? { errors: error.errors.map(String) } : {};
  return { type, message, stack, code, ...all };
}

/** A logger that writes one JSON object a line. Lines are written at once, so that the last one before a crash is there. */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      name: options.name,
      level: options.level ?? 'info',
      base: { pid: process.pid },
      redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: '***' },
      serializers: { error: errorFields },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    options.destination ?? pino.destination({ fd: 2, sync: true }),
  );
}
