import { autoTags, labelledKinds, tagColumn, tags } from '../tags.ts';
import { definitions } from './model.ts';

const sides = ['client', 'server'] as const;
const maps = ['label', 'annotation', 'environment'] as const;

/** The number of a kind, by which dictionaries know it. */
function numberOf(kind: string): number {
  const number = definitions.get('ResourceKind')!.symbols!.indexOf(kind);
  if (number < 1) throw new Error(`${kind} is no ResourceKind`);
  return number;
}

/** SQL of what follows from the tags of a side: the view with their names, and the functions that look for texts on them. */
export function tagViews(): string {
  const parts = [
    '-- Generated from schemas/tags.ts by `npm run generate`. Do not edit.',
    spansNamed(),
    '-- Of one side of a span of spans_named, client or server: the nearest resource that has it.',
    ...maps.map(textFunction),
    '-- As ids: what passes is known before a span is read; the label is checked as of the event. Arguments must not be called\n-- like columns of resource.',
    hasLabel(),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** SQL of the views of flows: with the names of their tags, and per minute. */
export function flowViews(): string {
  const parts = ['-- Generated from schemas/tags.ts by `npm run generate`. Do not edit.', flowNamed(), flowMinute()];
  return `${parts.join('\n\n')}\n`;
}

/** name_of(kind, id, time) as an expression of SQL. */
function nameOf(): string {
  const key = 'bitOr(bitShiftLeft(toUInt64(kind), 32), toUInt64(toUInt32(id)))';
  return `(kind, id, time) -> if(dictGet('{{database}}.resource_now', 'changes', ${key}) = 1
      AND dictHas('{{database}}.resource_at', ${key}, time),
    dictGet('{{database}}.resource_at', 'name', ${key}, time),
    dictGet('{{database}}.resource_now', 'name', ${key})) AS name_of`;
}

/** Names of the tags of both sides. @param time the column of the time as of which */
function nameColumns(time: string): readonly string[] {
  return sides.flatMap((side) => [
    ...tags.map(({ kind }) =>
      nameColumn(String(numberOf(kind)), `${side}_${tagColumn(kind)}`, time, `${side}_${kind}`),
    ),
    ...autoTags.map((auto) => nameColumn(`${side}_${auto}_type`, `${side}_${auto}_id`, time, `${side}_${auto}`)),
  ]);
}

const listed = (columns: readonly string[]): string => columns.map((column) => `  ${column}`).join(',\n');

function spansNamed(): string {
  return `-- Spans with the names of their tags as of the event, and with client and server as label(key, side) takes them. A
-- condition on a name reads the column of its ids and start_time only.
CREATE OR REPLACE VIEW spans_named AS
WITH
  ${nameOf()}
SELECT
  *,
  name_of(service_type, service_id, start_time) AS seen_service,
${listed([...nameColumns('start_time'), ...sides.map(sideTuple)])}
FROM spans FINAL;`;
}

function flowNamed(): string {
  return `-- Intervals of flows with the names of their tags, as spans_named has them.
CREATE OR REPLACE VIEW flow_named AS
WITH
  ${nameOf()}
SELECT
  *,
${listed([...nameColumns('start_time'), ...sides.map(sideTuple)])}
FROM flow FINAL;`;
}

/** What is added up of each side, and of both. */
const summedOfSide = [
  'packets',
  'bytes',
  'payload_bytes',
  'retransmissions',
  'spurious_retransmissions',
  'syn_retransmissions',
  'out_of_order',
  'duplicate_acks',
  'zero_windows',
  'resets',
  'missed_bytes',
] as const;
const delays = ['client_acknowledgment', 'server_acknowledgment', 'response', 'client_idle'] as const;
const handshakes = ['server_handshake', 'client_handshake'] as const;

function flowMinute(): string {
  const ids = sides.flatMap((side) => [
    ...tags.map(({ kind }) => `${side}_${tagColumn(kind)}`),
    ...autoTags.flatMap((auto) => [`${side}_${auto}_type`, `${side}_${auto}_id`]),
  ]);
  const keys = ['minute', 'observation_point', 'transport', 'server_port', ...ids];
  const sums = [
    ...sides.flatMap((side) => summedOfSide.map((what) => `sum(metrics_${side}_${what}) AS ${side}_${what}`)),
    ...handshakes.flatMap((what) => [
      `countIf(metrics_${what}_ns >= 0) AS ${what}_count`,
      `sumIf(metrics_${what}_ns, metrics_${what}_ns >= 0) AS ${what}_sum_ns`,
      `greatest(max(metrics_${what}_ns), 0) AS ${what}_max_ns`,
    ]),
    ...delays.flatMap((what) => [
      `sum(metrics_${what}_count) AS ${what}_count`,
      `sum(metrics_${what}_sum_ns) AS ${what}_sum_ns`,
      `max(metrics_${what}_max_ns) AS ${what}_max_ns`,
    ]),
    'countIf(metrics_is_opened) AS opened',
    'uniqExactIf((agent_id, flow_id), metrics_is_open) AS open',
    "sumMap(if(metrics_close_type = 'open', CAST(map(), 'Map(String, UInt64)'), map(toString(metrics_close_type), toUInt64(1)))) AS closed",
    'uniqExact((agent_id, flow_id)) AS flows',
  ];
  return `-- Flows per minute, by where they were seen and by the tags of both sides, as the rows of flow say: a view, not a materialized
-- one, which would add up every insert, also those that are repeated after a restart. Here an interval counts once, because
-- FINAL leaves one row of it. An interval counts in the minute in which it begins.
CREATE OR REPLACE VIEW flow_minute_now AS
SELECT
  toStartOfMinute(start_time) AS minute,
${listed([...keys.slice(1), ...sums])}
FROM flow FINAL
GROUP BY
${listed(keys)};

-- The same with names, and fast: minutes that were summed up come from flow_minute_sum, those that have changed since from flow.
-- Conditions on minute reach the primary keys. open: flows that were not closed in an interval of the minute. closed: flows by
-- how they were closed.
CREATE OR REPLACE VIEW flow_minute AS
WITH
  ${nameOf()},
  (SELECT groupArray(minute) FROM changed_minute WHERE summary = 'flow_minute') AS changed_minutes
SELECT
  *,
${listed(nameColumns('minute'))}
FROM (
  SELECT * EXCEPT (version, is_deleted) FROM flow_minute_sum FINAL WHERE minute NOT IN changed_minutes
  UNION ALL
  SELECT * FROM flow_minute_now WHERE minute IN changed_minutes
);`;
}

function nameColumn(kind: string, id: string, time: string, name: string): string {
  return `name_of(${kind}, ${id}, ${time}) AS ${name}`;
}

function sideTuple(side: string): string {
  const ids = labelledKinds.map((kind) => `${side}_${tagColumn(kind)}`);
  const types = labelledKinds.map((kind) => `${kind} Int32`);
  return `CAST((start_time, ${ids.join(', ')}), 'Tuple(time DateTime64(9, \\'UTC\\'), ${types.join(', ')})') AS ${side}`;
}

function textFunction(map: string): string {
  const texts = labelledKinds.map(
    (kind) => `nullIf(resource_${map}(name, ${numberOf(kind)}, side.${kind}, side.time), '')`,
  );
  return `CREATE OR REPLACE FUNCTION ${map} AS (name, side) ->\n  coalesce(${texts.join(',\n    ')},\n    '');`;
}

function hasLabel(): string {
  const ids = labelledKinds.map(
    (kind) =>
      `side.${kind} IN (SELECT id FROM resource FINAL WHERE kind = '${kind}' AND labels[wanted_key] = wanted_text)`,
  );
  return `CREATE OR REPLACE FUNCTION has_label AS (wanted_key, wanted_text, side) ->\n  (${ids.join('\n      OR ')})\n    AND label(wanted_key, side) = wanted_text;`;
}
