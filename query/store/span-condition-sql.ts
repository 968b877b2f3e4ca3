/** SQL of a condition in terms of OpenTelemetry, on a row of the table spans. */
import { integerLiteral, stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import { statementNames } from '../../protocols/protocols.ts';
import { pointsInProcesses } from '../../schemas/observation-points.ts';
import { type TagKind, tagColumn } from '../../schemas/tags.ts';
import type { NumberField, Operation, SpanCondition, TextField, TextTest } from '../opentelemetry/span-condition.ts';

const isClient = `startsWith(observation_point, 'c')`;
const isServer = `startsWith(observation_point, 's')`;

/** The path of an HTTP target, without its query. */
const path = `if(position(request_resource, '?') = 0, request_resource, substring(request_resource, 1, position(request_resource, '?') - 1))`;

/** A text of a span as SQL. */
export const textSql: Readonly<Record<TextField, string>> = {
  db_name: 'toString(request_domain)',
  dns_name: `if(request_resource = '', toString(request_domain), request_resource)`,
  endpoint: 'toString(endpoint)',
  http_path: path,
  network_protocol: `multiIf(protocol = 'unknown', '', protocol = 'http1', 'http', toString(protocol))`,
  observation_point: 'toString(observation_point)',
  process_name: 'toString(process_name)',
  protocol: `if(protocol = 'unknown', '', toString(protocol))`,
  reason: 'toString(reason)',
  request_type: 'toString(request_type)',
  status: 'toString(status)',
  transport: `if(transport = 'unknown', '', toString(transport))`,
  user_agent: 'toString(user_agent)',
};

/** A number of a span as SQL. */
export const numberSql: Readonly<Record<NumberField, string>> = {
  agent_id: 'agent_id',
  client_port: 'client_port',
  duration_ns: 'duration_ns',
  process_id: 'process_id',
  response_code: 'response_code',
  server_port: 'server_port',
};

/** The id of a tag on the side on which the span was seen. */
export function ownIdSql(tag: TagKind): string {
  const column = tagColumn(tag);
  return `if(${isClient}, client_${column}, server_${column})`;
}

/** The domain of a request as far as its span is named by it: only statements are named by the database they were sent to. */
export const operationDomainSql = `if(protocol IN (${statementNames.map(stringLiteral).join(', ')}), toString(request_domain), '')`;

/** The spans that readers of OpenTelemetry see: those of processes, and of a call without one the one it is counted by. */
export const visibleSql = `(is_call OR observation_point IN (${pointsInProcesses.map(stringLiteral).join(', ')}))`;

export function spanConditionSql(condition: SpanCondition): string {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const terms = condition.terms.map(spanConditionSql);
      return `(${terms.join(condition.kind === 'and' ? ' AND ' : ' OR ')})`;
    }
    case 'not':
      return `NOT ${spanConditionSql(condition.term)}`;
    case 'always':
      return condition.holds ? '(1 = 1)' : '(1 = 0)';
    case 'text':
      return testSql(textSql[condition.field], condition.test);
    case 'number':
      return `(${numberSql[condition.field]} ${condition.comparison} ${numberLiteral(condition.value)})`;
    case 'service':
      // A side without a resource has the name of its process.
      return `((service_type, service_id) IN (SELECT toInt32(kind), id FROM resource FINAL WHERE ${testSql('name', condition.test)})
        OR (service_id = 0 AND ${testSql('toString(process_name)', condition.test)}))`;
    case 'tag': {
      const ofType = condition.type === undefined ? '' : ` AND lower(type) = ${stringLiteral(condition.type)}`;
      return `(${ownIdSql(condition.tag)} IN (SELECT id FROM resource FINAL
        WHERE kind = ${stringLiteral(condition.tag)}${ofType} AND ${testSql('name', condition.test)}))`;
    }
    case 'protocols':
      return `(protocol IN (${condition.protocols.map(stringLiteral).join(', ')}))`;
    case 'error':
      return `(status IN ('server_error', 'timeout', 'closed') OR (${isClient} AND status = 'client_error'))`;
    case 'side':
      return { client: isClient, server: isServer, internal: `(NOT ${isClient} AND NOT ${isServer})` }[condition.side];
    case 'name':
      throw new TypeError('a name must be replaced by operations first');
    case 'operations':
      return condition.operations.length === 0
        ? '(1 = 0)'
        : `((toString(protocol), toString(request_type), ${operationDomainSql}, toString(endpoint)) IN (${condition.operations.map(operationSql).join(', ')}))`;
  }
}

function operationSql({ protocol, requestType, requestDomain, endpoint }: Operation): string {
  return `(${[protocol, requestType, requestDomain, endpoint].map(stringLiteral).join(', ')})`;
}

/** A pattern matches a text as a whole. */
export function wholePattern(pattern: string): string {
  return `^(?:${pattern})$`;
}

function testSql(text: string, test: TextTest): string {
  switch (test.kind) {
    case 'equal':
      return `(${text} = ${stringLiteral(test.text)})`;
    case 'matches':
      return `(match(${text}, ${stringLiteral(wholePattern(test.pattern))}))`;
    case 'present':
      return `(${text} != '')`;
  }
}

/** Whole numbers as they are, others as floats; what is none of both is greater than every value. */
function numberLiteral(value: number): string {
  if (Number.isSafeInteger(value)) return integerLiteral(value);
  return Number.isFinite(value) ? `toFloat64(${stringLiteral(String(value))})` : '1e300';
}
