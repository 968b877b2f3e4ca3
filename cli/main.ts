#!/usr/bin/env node
/** The `spanloom` command. Commands are loaded when they are called, so that `--help` needs no database engine. */
import { Command, CommanderError, Option } from 'commander';
import { replayableTopics } from '../core/topics.ts';
import { rejectReasonSymbols } from '../schemas/generated/dead-letter.ts';
import { protocolSymbols } from '../schemas/generated/span.ts';
import type { DeadLetterOptions } from './commands/dead-letter.ts';
import { scenarios } from '../demo/bookinfo/topology.ts';
import type { BookinfoOptions } from './commands/bookinfo.ts';
import type { DemoOptions } from './commands/demo.ts';
import type { DissectOptions } from './commands/dissect.ts';
import type { RecordOptions } from './commands/record.ts';
import type { ReplayOptions } from './commands/replay.ts';
import type { ReplayRangeOptions } from './commands/replay-range.ts';
import type { TraceOptions } from './commands/trace.ts';
import type { TracesOptions } from './commands/traces.ts';
import {
  durationMs,
  filterText,
  listLength,
  momentMs,
  outputPath,
  path,
  periodMs,
  positiveInteger,
  replaySpeed,
  topicPrefix,
  traceDurationMs,
  where,
  wholeNumber,
} from './arguments.ts';
import { exitCodeHelp, exitCodes } from './process/exit-codes.ts';
import { shortened } from './output/printable.ts';
import { runCommand, runQuestion } from './process/run-command.ts';
import { watchStandardStreams } from './output/standard-streams.ts';
import { stageNames, stages } from './stages.ts';
import { packageVersion } from '../core/package-version.ts';

/** An argument may be a page; what is wrong with it is said at the end. */
const maxErrorLength = 400;

const program = new Command('spanloom')
  .description('Distributed traces of what runs on a host, without touching any application.')
  .version(packageVersion())
  .helpCommand('help [command]', 'show the help of a command')
  .showHelpAfterError('(spanloom --help lists commands and options)')
  .addHelpText('after', `\nSettings come from the environment: see spanloom config.\n${exitCodeHelp}`)
  .configureOutput({ outputError: (text, write) => write(shortened(text, maxErrorLength)) })
  .exitOverride();

program
  .command('up')
  .description(
    'run all stages in this process: capture this host, keep traces in the data directory, serve the query API',
  )
  .option('--print-config', 'print the settings in effect and end')
  .action((options: { printConfig?: boolean }) =>
    runCommand(async (signal) => {
      if (options.printConfig === true) (await import('./commands/config.ts')).printStageConfig(undefined);
      else await (await import('./commands/up.ts')).up(signal);
    }),
  );

for (const { name: stage, description } of stages) {
  program
    .command(stage)
    .description(`run the stage ${stage} alone: it ${description}`)
    .option('--print-config', 'print the settings in effect and end')
    .action((options: { printConfig?: boolean }) =>
      runCommand(async (signal) => {
        if (options.printConfig === true) (await import('./commands/config.ts')).printStageConfig(stage);
        else await (await import('./commands/stage.ts')).runStageAlone(stage, signal);
      }),
    );
}

program
  .command('record')
  .description('capture this host into a file, until Ctrl-C or for a while')
  .argument('<file>', 'recording to write', outputPath)
  .option('--duration <duration>', 'end after this time, such as 30s', periodMs)
  .option('--overwrite', 'replace a file that is there')
  .action((file: string, options: RecordOptions) =>
    runCommand(async (signal) => (await import('./commands/record.ts')).record(file, options, signal)),
  );

program
  .command('replay')
  .description(
    'make traces from a recording or a capture file, through all stages; or send it to Kafka, for stages that run there',
  )
  .argument('<file>', 'recording, or capture file (pcap, pcapng, also with gzip), to read; - is standard input', path)
  .option('--speed <factor>', "pace: 1 as recorded, 10 ten times as fast, 'max' without waiting", replaySpeed, 'max')
  .option('--resources <file>', 'tag spans with what this file of resources states: docs/resources.md', path)
  .option('--json <file>', 'write the traces to this file; - is standard output', outputPath)
  .option('--data-dir <folder>', 'keep log and traces here, for the commands traces and trace', path)
  .option('--follow', 'with -: standard input goes on until Ctrl-C, which ends it in order')
  .option('--into-kafka', 'only send its events and resources to the topics on Kafka')
  .option(
    '--target-prefix <prefix>',
    'with --into-kafka: prefix of the topics, instead of the configured one',
    topicPrefix,
  )
  .option('--skip <batches>', 'with --into-kafka: leave out so many batches that were sent before', wholeNumber)
  .action((file: string, options: ReplayOptions) =>
    runCommand(async (signal) => (await import('./commands/replay.ts')).replay(file, options, signal)),
  );

program
  .command('dissect')
  .description('show the messages in a capture file as a table, or what else is in it as JSON, an object a line')
  .argument('<file>', 'capture file (pcap, pcapng, also with gzip) to read; - is standard input', path)
  .option('--json', 'messages as JSON')
  .option('--spans', 'spans as JSON: requests paired with their responses')
  .option('--flows', 'flows as JSON, with the sums of their counters')
  .action((file: string, options: DissectOptions) =>
    runQuestion(async () => (await import('./commands/dissect.ts')).dissect(file, options)),
  );

program
  .command('replay-range')
  .description('send what Kafka received in a span of time to topics of another prefix, for a second set of stages')
  .requiredOption('--from <time>', 'begin, as 2026-01-31T08:00:00Z or how long ago, such as 2h', (text) =>
    momentMs(text),
  )
  .requiredOption('--to <time>', "end, which is left out; 'now' for all that is there", (text) => momentMs(text))
  .requiredOption('--target-prefix <prefix>', 'prefix of the topics to send to', topicPrefix)
  .addOption(
    new Option('--topic <name>', 'topic to read; resources always come with it')
      .choices(replayableTopics)
      .default('events'),
  )
  .option('--dry-run', 'only say what would be sent')
  .action((options: ReplayRangeOptions) =>
    runCommand(async (signal) => (await import('./commands/replay-range.ts')).replayRange(options, signal)),
  );

program
  .command('traces')
  .description('list traces, newest first')
  .option('--service <name>', 'only with a span of this service', filterText)
  .option('--endpoint <text>', 'only with a span whose endpoint contains this', filterText)
  .addOption(new Option('--protocol <name>', 'only with a span of this protocol').choices(protocolSymbols))
  .option('--errors', 'only with a span that failed')
  .option(
    '--where <condition>',
    `only with a span tagged so, such as "client.pod = 'cart-1' and server.label('app') = 'shop'"`,
    where,
  )
  .option('--slower-than <duration>', 'only those that took longer, such as 250ms', traceDurationMs)
  .option('--since <duration>', 'only those that began in the last …, such as 15m', durationMs)
  .option('--slowest', 'the slowest first')
  .option('--limit <number>', 'at most so many', listLength, 20)
  .option('--json', 'as JSON')
  .action((options: TracesOptions) => runQuestion(async () => (await import('./commands/traces.ts')).traces(options)));

program
  .command('trace')
  .description('show one trace as a waterfall')
  .argument('<id>', 'trace id, or the beginning of one')
  .option('--attributes', 'with what applications reported with their spans: attributes, events, links')
  .option('--flows', 'with what became of its packets: handshake, round trips, retransmissions, how it was closed')
  .option('--json', 'as JSON')
  .action((id: string, options: TraceOptions) =>
    runQuestion(async () => (await import('./commands/trace.ts')).trace(id, options)),
  );

const topicsCommand = program
  .command('topics')
  .description("compare the pipeline's topics on Kafka with the settings, and create or change them");

topicsCommand
  .command('diff')
  .description('show what apply would change; exit code 1 when there is something')
  .action(() => runQuestion(async () => (await import('./commands/topics.ts')).diffTopics()));

topicsCommand
  .command('apply')
  .description('create missing topics and bring settings up to date, showing each change; partitions only grow')
  .option('--dry-run', 'show the changes without making them')
  .action((options: { dryRun?: boolean }) =>
    runQuestion(async () => (await import('./commands/topics.ts')).applyTopicSettings(options.dryRun === true)),
  );

const deadLetters = program.command('dead-letter').description('messages that a stage could not use, put aside whole');

/** Both commands mean the same letters by the same options. */
function deadLetterCommand(name: string, description: string): Command {
  return deadLetters
    .command(name)
    .description(description)
    .addOption(new Option('--stage <name>', 'only those that this stage refused').choices(stageNames))
    .addOption(new Option('--reason <reason>', 'only those refused for this reason').choices(rejectReasonSymbols))
    .option('--topic <name>', 'only those that came from this topic')
    .option('--since <duration>', 'only those refused in the last …, such as 15m', durationMs)
    .option('--limit <number>', 'only the newest so many', positiveInteger);
}

deadLetterCommand('list', 'list them, newest first; 100 without --limit')
  .option('--json', 'as JSON, with key, headers and bytes')
  .action((options: DeadLetterOptions & { json?: boolean }) =>
    runCommand(async (signal) => (await import('./commands/dead-letter.ts')).listDeadLetters(options, signal)),
  );

deadLetterCommand('replay', 'send them, unchanged, to the topics they came from; all without --limit')
  .option('--dry-run', 'only say how many that would be')
  .action((options: DeadLetterOptions & { dryRun?: boolean }) =>
    runCommand(async (signal) => (await import('./commands/dead-letter.ts')).replayDeadLetters(options, signal)),
  );

program
  .command('check')
  .description('load every kernel program on this machine and say what works')
  .action(() => runQuestion(async () => (await import('./commands/check.ts')).check()));

program
  .command('config')
  .description('print the settings in effect')
  .option('--stage <name>', `only those of one stage: ${stageNames.join(', ')}`)
  .action((options: { stage?: string }) =>
    runQuestion(async () => (await import('./commands/config.ts')).printStageConfig(options.stage)),
  );

program
  .command('demo')
  .description('start real services, capture them, show the slowest trace, serve until Ctrl-C')
  .option('--once', 'end after showing the trace')
  .option('--json <file>', 'write all traces to this file', outputPath)
  .option('--requests <number>', 'requests to send before showing the trace', positiveInteger, 400)
  .option('--duration <duration>', 'send requests for this time instead', periodMs)
  .option('--recording', 'show the bundled recording instead of capturing')
  .action((options: DemoOptions) =>
    runCommand(async (signal) => (await import('./commands/demo.ts')).demo(options, signal)),
  );

program
  .command('bookinfo')
  .description('start Bookinfo on two nodes made of network namespaces, capture it, show a request with every hop')
  .addOption(
    new Option('--scenario <name>', 'way between the nodes: tunnel, address translation, or a tunnel over a bad line')
      .choices(scenarios)
      .default('tunnel'),
  )
  .option('--once', 'end after showing the trace')
  .option('--json <file>', 'write all traces to this file', outputPath)
  .option('--requests <number>', 'requests to send before showing the trace', positiveInteger, 20)
  .option('--in-flight <number>', 'requests at the same time', positiveInteger, 1)
  .action((options: BookinfoOptions) =>
    runCommand(async (signal) => (await import('./commands/bookinfo.ts')).bookinfo(options, signal)),
  );

// What is stored, also by libraries, is for this user alone.
process.umask(0o077);
watchStandardStreams();
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
}
