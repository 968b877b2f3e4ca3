/** Attributes by which spans can be searched, by the names that opentelemetry gives them, and some former names. */
import { databaseNames, protocols, statementNames } from '../../protocols/protocols.ts';
import { type TagKind, tags } from '../../schemas/tags.ts';
import {
  both,
  negated,
  type NumberComparison,
  type NumberField,
  type SpanCondition,
  type TextField,
  type TextTest,
} from './span-condition.ts';

/** Where the value is. `protocols` are those whose spans have the attribute; all, where there are none. */
export type AttributeSource =
  | { readonly kind: 'service' }
  | { readonly kind: 'tag'; readonly tag: TagKind; readonly type?: string }
  | { readonly kind: 'text'; readonly field: TextField; readonly protocols?: readonly string[] }
  | { readonly kind: 'number'; readonly field: NumberField; readonly protocols?: readonly string[] };

export interface SearchableAttribute {
  readonly scope: 'resource' | 'span';
  readonly name: string;
  readonly source: AttributeSource;
  /** A name by which tools still ask; lists of names do not have it. */
  readonly isFormer?: true;
}

const ofGroup = (group: string): readonly string[] =>
  protocols.filter(({ conventions }) => conventions.group === group).map(({ name }) => name);
const http = ofGroup('http');

const resource = (name: string, source: AttributeSource): SearchableAttribute => ({ scope: 'resource', name, source });
const span = (name: string, source: AttributeSource): SearchableAttribute => ({ scope: 'span', name, source });
const former = (attribute: SearchableAttribute): SearchableAttribute => ({ ...attribute, isFormer: true });
const text = (field: TextField, of?: readonly string[]): AttributeSource =>
  of === undefined ? { kind: 'text', field } : { kind: 'text', field, protocols: of };
const number = (field: NumberField, of?: readonly string[]): AttributeSource =>
  of === undefined ? { kind: 'number', field } : { kind: 'number', field, protocols: of };

export const searchableAttributes: readonly SearchableAttribute[] = [
  resource('service.name', { kind: 'service' }),
  ...tags.flatMap((tag) => ('attribute' in tag ? [resource(tag.attribute, { kind: 'tag', tag: tag.kind })] : [])),
  ...['deployment', 'statefulset', 'daemonset', 'replicaset', 'job', 'cronjob'].map((type) =>
    resource(`k8s.${type}.name`, { kind: 'tag', tag: 'workload', type }),
  ),
  resource('process.executable.name', text('process_name')),
  resource('process.pid', number('process_id')),
  resource('spanloom.agent.id', number('agent_id')),
  span('http.request.method', text('request_type', http)),
  span('http.response.status_code', number('response_code', http)),
  span('url.template', text('endpoint', http)),
  span('url.path', text('http_path', http)),
  span('user_agent.original', text('user_agent')),
  span('db.system.name', text('protocol', databaseNames)),
  span('db.namespace', text('db_name', databaseNames)),
  span('db.operation.name', text('request_type', databaseNames)),
  span('db.query.text', text('endpoint', statementNames)),
  span('dns.question.name', text('dns_name', ofGroup('dns'))),
  span('network.protocol.name', text('network_protocol')),
  span('network.transport', text('transport')),
  span('server.port', number('server_port')),
  span('client.port', number('client_port')),
  span('spanloom.observation_point', text('observation_point')),
  span('spanloom.reason', text('reason')),
  span('spanloom.status', text('status')),
  former(span('http.method', text('request_type', http))),
  former(span('http.status_code', number('response_code', http))),
  former(span('http.route', text('endpoint', http))),
  former(span('db.system', text('protocol', databaseNames))),
  former(span('db.statement', text('endpoint', statementNames))),
];

/** The attribute of this name, in one scope or in both. */
export function searchableAttribute(scope: 'resource' | 'span' | 'any', name: string): SearchableAttribute | undefined {
  return searchableAttributes.find(
    (attribute) => attribute.name === name && (scope === 'any' || attribute.scope === scope),
  );
}

/** The attribute is there and its value is, or is not, so. A span without it satisfies neither. */
export function textCondition({ source }: SearchableAttribute, test: TextTest, isNegated: boolean): SpanCondition {
  const of = (given: TextTest): SpanCondition => {
    if (source.kind === 'text') return { kind: 'text', field: source.field, test: given };
    return source.kind === 'number'
      ? { kind: 'number', field: source.field, comparison: '!=', value: 0 }
      : { ...source, test: given };
  };
  const value = isNegated ? both(of({ kind: 'present' }), negated(of(test))) : of(test);
  return withProtocols(source, value);
}

/** The number is there and compares so. */
export function numberCondition(
  source: Extract<AttributeSource, { kind: 'number' }>,
  comparison: NumberComparison,
  value: number,
): SpanCondition {
  const { field } = source;
  const compared: SpanCondition = { kind: 'number', field, comparison, value };
  // 0 says "not known" in all of them.
  return withProtocols(source, both({ kind: 'number', field, comparison: '!=', value: 0 }, compared));
}

function withProtocols(source: AttributeSource, condition: SpanCondition): SpanCondition {
  const of = 'protocols' in source ? source.protocols : undefined;
  return of === undefined ? condition : both({ kind: 'protocols', protocols: of }, condition);
}
