/**
 * What can happen to a stage that people must hear of: each event is logged and counted in one go, so that no
 * warning is without a number and no number without a line. Stages declare further ones in the same shape.
 */

/** Something that happened, apart from its circumstances. */
export interface InternalEvent {
  /** Value of the label `event` of spanloom_internal_events_total. */
  readonly name: string;
  /** By consequence: `warn` when nothing is lost, `error` when something is. */
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** One sentence without numbers; those are fields. */
  readonly message: string;
}

/** Events of the stage runtime. */
export const runtimeEvents = {
  partitionsAssigned: { name: 'partitions_assigned', level: 'info', message: 'Partitions were assigned.' },
  partitionsRevoked: { name: 'partitions_revoked', level: 'info', message: 'Partitions went to another instance.' },
  retried: { name: 'retried', level: 'warn', message: 'A call failed and is tried again; input waits.' },
  recovered: { name: 'recovered', level: 'info', message: 'A call that failed before has succeeded.' },
  commitRefused: {
    name: 'commit_refused',
    level: 'warn',
    message: 'Another instance took the partition before its position was stored; it will read some messages again.',
  },
  offsetsSkipped: {
    name: 'offsets_skipped',
    level: 'error',
    message: 'Messages were removed by retention before this stage had read them.',
  },
  batchRefused: {
    name: 'batch_refused',
    level: 'error',
    message: 'A batch of the log cannot or must not be read; it is put aside by its position.',
  },
  followedLeftOut: {
    name: 'followed_left_out',
    level: 'error',
    message: 'A message of a topic that is read as a whole could not be taken in and is left out.',
  },
  suspected: {
    name: 'suspected',
    level: 'warn',
    message: 'The last start ended in the middle of its work; messages are taken one by one for a while.',
  },
  poisonPutAside: {
    name: 'poison_put_aside',
    level: 'error',
    message: 'A message that ended the stage several times in a row is put aside.',
  },
  unreported: {
    name: 'unreported',
    level: 'warn',
    message: 'The report of what became of records could not be sent; the next one has all counts.',
  },
} as const satisfies Record<string, InternalEvent>;

/** Events of a process as a whole. */
export const processEvents = {
  stopping: { name: 'stopping', level: 'info', message: 'A signal arrived: the process ends what it has begun.' },
  unwatched: {
    name: 'unwatched',
    level: 'warn',
    message: 'Nothing ends this process when its main loop stands still; ask /healthz.',
  },
} as const satisfies Record<string, InternalEvent>;
