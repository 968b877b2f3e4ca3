import { camel, definitions } from './model.ts';

/**
 * The module with the ids of a side in the order of their encoding. They are exchanged and stored as a run of integers, so
 * a side must be an address, a port and then integers, `resolution` last.
 */
export function sideIdsModule(): string {
  const fields = definitions.get('Side')!.fields!;
  const [address, port, ...ids] = fields;
  if (address?.type !== 'bytes' || port?.name !== 'port' || ids.some(({ type }) => type !== 'int'))
    throw new Error('a Side must be an address, a port and integers');
  if (ids.at(-1)!.name !== 'resolution') throw new Error('resolution must be the last field of a Side');
  return `// Generated from schemas/avro/span.avsc by \`npm run generate\`. Do not edit.
/** Integers of a Side behind its address and port, in the order of the encoding. */
export const sideIds = [${ids.map(({ name }) => `'${camel(name)}'`).join(', ')}] as const;

/** One of them. */
export type SideId = (typeof sideIds)[number];

/** Place of each among them. */
export const sideIdPlaces: Readonly<Record<SideId, number>> = { ${ids.map(({ name }, index) => `${camel(name)}: ${index}`).join(', ')} };
`;
}
