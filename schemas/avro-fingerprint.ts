import { createHash } from 'node:crypto';

/** Attributes that change neither how a value is written nor how an older value is resolved by its writer's schema. */
const silentAttributes: ReadonlySet<string> = new Set(['doc', 'js', 'default']);

/** A schema without what does not change the encoding: what the history keeps and the fingerprint is made of. */
export function encodingOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(encodingOf);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => !silentAttributes.has(key))
      .map(([key, value]) => [key, encodingOf(value)]),
  );
}

/** Fingerprint of a schema that stands alone, 16 hex digits: equal for schemas that write every value alike. */
export function schemaFingerprint(schema: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(encodingOf(schema)))
    .digest('hex')
    .slice(0, 16);
}
