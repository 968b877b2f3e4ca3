import { PipelineError } from '../../errors.ts';

/** What errors of kafkajs carry beside their text. */
interface Facts {
  readonly name?: string;
  readonly message?: string;
  readonly type?: string;
  readonly code?: string | number;
  readonly cause?: unknown;
}

/** Answers of a broker that no waiting changes. */
const finalTypes: ReadonlySet<string> = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_GROUP_ID',
  'INVALID_SESSION_TIMEOUT',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_CONFIG',
  'POLICY_VIOLATION',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_VERSION',
  'UNSUPPORTED_COMPRESSION_TYPE',
]);
/** Answers to a message that is larger than its topic takes. */
const tooLargeTypes: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
const finalNames: ReadonlySet<string> = new Set([
  'KafkaJSSASLAuthenticationError',
  'KafkaJSNotImplemented',
  'KafkaJSServerDoesNotSupportApiKey',
  'TypeError',
  'RangeError',
]);
/** Codes of Node.js for a certificate that is not accepted. */
const finalCode = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/;

/** Answers by which a broker says that this member does not have its partitions any more. */
const fencedTypes: ReadonlySet<string> = new Set([
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'REBALANCE_IN_PROGRESS',
  'FENCED_INSTANCE_ID',
]);

/** The error and what caused it. */
function* chainOf(error: unknown): Generator<Facts> {
  let link = error;
  for (let depth = 0; depth < 8 && typeof link === 'object' && link !== null; depth++) {
    yield link;
    link = (link as Facts).cause;
  }
}

/** The type of the broker's answer behind an error, such as `REBALANCE_IN_PROGRESS`. */
export function brokerAnswer(error: unknown): string | undefined {
  for (const { type } of chainOf(error)) if (typeof type === 'string') return type;
  return undefined;
}

/** True when the broker refused because the member's generation is over. */
export function isFenced(error: unknown): boolean {
  const answer = brokerAnswer(error);
  return answer !== undefined && fencedTypes.has(answer);
}

/** Whether an entry of kafkajs's log says that a broker answered GROUP_AUTHORIZATION_FAILED. */
export function isGroupRefusal(entry: object): boolean {
  return 'error' in entry && typeof entry.error === 'string' && entry.error.includes('Group authorization failed');
}

/** An error of kafkajs as one of ours: retryable unless someone has to change something first. */
export function kafkaError(action: string, error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  let final = false;
  for (const { name, type, code } of chainOf(error)) {
    if (type !== undefined && finalTypes.has(type)) final = true;
    if (name !== undefined && finalNames.has(name)) final = true;
    if (typeof code === 'string' && finalCode.test(code)) final = true;
  }
  const reason = error instanceof Error ? error.message : String(error);
  if (tooLargeTypes.has(brokerAnswer(error) ?? ''))
    return new PipelineError('BUS_MESSAGE_TOO_LARGE', `Kafka: ${action}: ${reason}`, { cause: error });
  return new PipelineError('BUS_UNAVAILABLE', `Kafka: ${action}: ${reason}`, { retryable: !final, cause: error });
}

/** The topic does not exist. */
export function unknownTopicError(topic: string): PipelineError {
  return new PipelineError(
    'BUS_UNKNOWN_TOPIC',
    `The topic ${topic} does not exist on Kafka; spanloom topics apply creates it.`,
  );
}
