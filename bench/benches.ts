/** The list of benches: `npm run bench` and bench/README.md have them from here. */

/** One bench. */
export interface Bench {
  readonly name: string;
  /** Its file, relative to bench/. */
  readonly file: string;
  readonly measures: string;
  /** What it compares the figures with, in the same run. */
  readonly baseline: string;
  /** Its arguments. */
  readonly usage: string;
  /** How long it takes with its default arguments, on two processors. */
  readonly takes: string;
  /** What it needs besides `npm run setup`. */
  readonly needs: string;
  /** It runs from dist/: the compiler's memory would count too. */
  readonly isCompiled?: true;
  readonly nodeOptions?: readonly string[];
}

/** All of them, by what they are about: capture, stages, bus and stores, the whole. */
export const benches: readonly Bench[] = [
  {
    name: 'bpf-cost',
    file: 'bpf-cost.ts',
    measures: 'throughput and processor time of nginx while its sockets are captured',
    baseline: 'nginx without capture',
    usage: '[seconds per run] [rounds] [connections]',
    takes: '1 min',
    needs: 'root, wrk, nginx',
  },
  {
    name: 'python-contexts',
    file: 'python-contexts.ts',
    measures: 'kernel time of an event of CPython, and of a context that is created',
    baseline: 'the same without reading contexts',
    usage: '[writes] [rounds] [interpreter]',
    takes: '1 min',
    needs: 'root, CPython',
  },
  {
    name: 'collector',
    file: 'collector.ts',
    measures: 'processor time per event and memory of the collector',
    baseline: 'the same with an output that forgets',
    usage: '[seconds]',
    takes: '2 min',
    needs: 'root, wrk, nginx',
    isCompiled: true,
  },
  {
    name: 'packets',
    file: 'packets.ts',
    measures:
      'packets a second from the ring to segments and spans, memory of flows, throughput of nginx while its port is captured',
    baseline: 'tcpdump -w /dev/null; nginx without capture',
    usage: '[packets of the flood] [rounds]',
    takes: '3 min',
    needs: 'root, cc, tcpdump, wrk, nginx',
  },
  {
    name: 'signatures',
    file: 'signatures.ts',
    measures: "an agent's key, signing and checking of one batch",
    baseline: 'none',
    usage: '',
    takes: '15 s',
    needs: 'nothing',
  },
  {
    name: 'kubernetes',
    file: 'kubernetes.ts',
    measures: 'time to list and publish 100,000 pods, memory, delay of a started pod',
    baseline: 'none',
    usage: '[pods]',
    takes: '2 min',
    needs: '4 GB of memory',
  },
  {
    name: 'codec',
    file: 'codec.ts',
    measures: 'records per second of the generated codecs',
    baseline: 'avsc',
    usage: '',
    takes: '15 s',
    needs: 'nothing',
  },
  {
    name: 'dissect',
    file: 'dissect.ts',
    measures: 'requests with responses per second of each dissector',
    baseline: 'looking at every byte once',
    usage: '[pairs]',
    takes: '2 min',
    needs: 'nothing',
  },
  {
    name: 'agreement',
    file: 'agreement/main.ts',
    measures: 'messages of real clients and servers on which dissectors and tshark agree',
    baseline: 'tshark',
    usage: '[--only TEXT] [--verbose] [--keep DIR] [--from DIR] [--install] [--cache DIR]',
    takes: '30 min',
    needs: 'root, tshark, tcpdump; package registries for client libraries',
  },
  {
    name: 'enrich',
    file: 'enrich.ts',
    measures: 'events per second of the enricher',
    baseline: 'decoding alone',
    usage: '[events]',
    takes: '2 min',
    needs: 'nothing',
  },
  {
    name: 'enrich-reported',
    file: 'enrich-reported.ts',
    measures: 'reported spans per second of the enricher',
    baseline: 'none',
    usage: '[spans]',
    takes: '1 min',
    needs: 'nothing',
  },
  {
    name: 'hostile',
    file: 'hostile.ts',
    measures: 'cost of an event that is made to cost much',
    baseline: 'a quarter of the events',
    usage: '[events]',
    takes: '1 min',
    needs: 'nothing',
  },
  {
    name: 'tag',
    file: 'tag.ts',
    measures: 'spans tagged per second, memory of the tables, cost of a change, with 100,000 pods',
    baseline: 'empty tables',
    usage: '[spans]',
    takes: '1 min',
    needs: '2 GB of memory',
    nodeOptions: ['--expose-gc'],
  },
  {
    name: 'causality',
    file: 'causality/main.ts',
    measures: 'parents of calls that are right, wrong or unknown, for servers that people run',
    baseline: 'the truth, by a header that only the scorer reads',
    usage: '[part of a name] [--calls N] [--record DIR] [--from DIR] [--write] [--rescore FILE PORT[:PORT,PORT…]]',
    takes: '60 min',
    needs: 'root, 4 GB of memory; package registries; servers that cannot be had are skipped',
  },
  {
    name: 'bookinfo',
    file: 'bookinfo.ts',
    measures: 'requests of Bookinfo whose every hop is under its right parent, in a row and with 16 in flight',
    baseline: 'the tree that is known beforehand',
    usage: '[requests] [scenario…]',
    takes: '3 min',
    needs: 'root, haproxy, Ruby, a JDK, iptables',
  },
  {
    name: 'correlate',
    file: 'correlate.ts',
    measures: 'spans per second of the correlator, empty and with full state',
    baseline: 'reading the same messages alone',
    usage: '[traces]',
    takes: '1 min',
    needs: 'nothing',
  },
  {
    name: 'correlate-distributed',
    file: 'correlate-distributed.ts',
    measures: 'spans per second of correlators that share the work, and the time of Redis',
    baseline: 'the correlator that keeps all in memory',
    usage: '[traces]',
    takes: '1 min',
    needs: 'redis-server',
  },
  {
    name: 'sink',
    file: 'sink.ts',
    measures: 'rows per second from traces to the embedded ClickHouse',
    baseline: 'ClickHouse storing the same rows from a prepared file',
    usage: '[spans] [rounds]',
    takes: '1 min',
    needs: 'nothing',
  },
  {
    name: 'otlp-in',
    file: 'otlp-in.ts',
    measures: 'spans per second of processor time from OTLP to the embedded log; memory',
    baseline: 'protobufjs decoding the same requests',
    usage: '[folder]',
    takes: '1 min',
    needs: 'nothing',
  },
  {
    name: 'otlp',
    file: 'otlp.ts',
    measures: 'spans per second from traces to OTLP',
    baseline: 'protobufjs encoding objects that are ready',
    usage: '',
    takes: '1 min',
    needs: 'nothing',
  },
  {
    name: 'storage',
    file: 'storage.ts',
    measures: 'processor time, memory and disk of spans with 60 tags',
    baseline: 'tags as LowCardinality(String) and as String',
    usage: '[rows] [variant…]',
    takes: '5 min',
    needs: '8 GB of memory',
  },
  {
    name: 'query',
    file: 'query.ts',
    measures: 'answers of the query stage over a day of spans, alone and while spans are stored; bytes a span',
    baseline: 'the newest traces by the former layout',
    usage: '[--spans N] [--rounds N] [--keep DIR] [--load RATE]',
    takes: '3 min; 15 min for 10 M spans',
    needs: 'nothing',
  },
  {
    name: 'names',
    file: 'names.ts',
    measures: 'memory of the dictionaries, and conditions on spans by name and label',
    baseline: 'conditions on integers',
    usage: '[spans] [pods]',
    takes: '2 min',
    needs: 'nothing',
  },
  {
    name: 'page',
    file: 'page.ts',
    measures: 'time until a trace is drawn in Chromium, frames a second while its rows scroll',
    baseline: 'a trace of 1,000 spans',
    usage: '[spans…]',
    takes: '1 min',
    needs: 'Chromium',
  },
  {
    name: 'embedded-bus',
    file: 'embedded-bus.ts',
    measures: 'send, poll and commit on the embedded bus',
    baseline: 'appending the same bytes to a file',
    usage: '[directory]',
    takes: '1 min',
    needs: 'nothing',
  },
  {
    name: 'kafka-compression',
    file: 'kafka-compression.ts',
    measures: 'ratio and processor time of the compressions of Kafka',
    baseline: 'no compression',
    usage: '[megabytes through the broker]',
    takes: '5 min',
    needs: 'Java',
  },
  {
    name: 'kafka-stages',
    file: 'kafka-stages.ts',
    measures: 'rates and memory of each stage on Kafka, one and two instances',
    baseline: 'a plain copy of the same bytes by kafkajs',
    usage: '[--stages NAME,…] [--records N] [--rounds N] [--sustain STAGE --minutes N] …',
    takes: '15 min',
    needs: 'Java, redis-server',
  },
  {
    name: 'replay',
    file: 'replay.ts',
    measures: 'events per second of a recording through all stages, and the share of each stage',
    baseline: 'reading and decoding the same file alone',
    usage: 'RECORDING [runs]',
    takes: '1 min for demo/recording.avro',
    needs: 'a recording',
  },
  {
    name: 'up',
    file: 'up.ts',
    measures: 'memory by kind, processor time per event and disk of `spanloom up` over time',
    baseline: 'the first minute; a replay of the same load',
    usage: '[--minutes 10] [--rate 500] [--every 30] [--no-replay]',
    takes: '12 min',
    needs: 'root',
    isCompiled: true,
  },
];

/** The table of bench/README.md. */
export function benchTable(): string {
  const header = ['command', 'measures', 'compares with', 'takes', 'needs'];
  const rows = benches.map(({ name, usage, measures, baseline, takes, needs }) => [
    `\`npm run bench -- ${[name, usage].join(' ').trim()}\``,
    measures,
    baseline,
    takes,
    needs,
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |\n`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('');
}
