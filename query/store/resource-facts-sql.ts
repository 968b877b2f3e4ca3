import { integerLiteral } from '../../core/clickhouse/sql-literal.ts';
import { resourceKindIndex } from '../../schemas/generated/resource.ts';

/** A row of {@link resourceFactsSql}. */
export interface ResourceFactsRow {
  readonly kind: 'workload' | 'pod';
  readonly id: number;
  /** What the source calls this kind of workload. */
  readonly type: string;
  readonly uid: string;
}

/** Type and uid of workloads and pods: what OpenTelemetry's attributes need beside names. One id at least. */
export function resourceFactsSql(ids: Readonly<Record<'workload' | 'pod', readonly number[]>>): string {
  const listed = (['workload', 'pod'] as const).flatMap((kind) =>
    ids[kind].map((id) => `('${kind}', ${integerLiteral(resourceKindIndex[kind])}, ${integerLiteral(id)})`),
  );
  return `SELECT listed.1 AS kind, listed.3 AS id,
      dictGet('resource_now', 'type', resource_key(listed.2, listed.3)) AS type,
      dictGet('resource_now', 'uid', resource_key(listed.2, listed.3)) AS uid
    FROM (SELECT arrayJoin(CAST([${listed.join(', ')}] AS Array(Tuple(String, UInt8, Int32)))) AS listed)`;
}
