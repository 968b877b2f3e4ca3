/** Whatever takes tags of sides by name or kind takes every tag of schemas/tags.ts, and the schema has no other. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TagNames } from '../cli/tag-names.ts';
import { projectFile } from '../core/project-files.ts';
import { locate } from '../enricher/tag/locate.ts';
import { ResourceTable } from '../enricher/tag/resource-table.ts';
import { sideTags } from '../enricher/tag/side.ts';
import { testConfig } from '../enricher/testing/run-agent.ts';
import type { Reader } from '../query/store/read-limits.ts';
import { readSpanNames } from '../query/store/span-names.ts';
import { parseWhere } from '../query/where/parse-where.ts';
import { whereSql } from '../query/where/where-sql.ts';
import { resourceKindIndex } from '../schemas/generated/resource.ts';
import { sideIds } from '../schemas/generated/side-ids.ts';
import { autoTags, labelledKinds, tagColumn, tags } from '../schemas/tags.ts';
import { aResource } from '../schemas/testing/a-resource.ts';
import { aSide } from '../schemas/testing/a-span.ts';

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Names that the database would have: each key is named after itself. */
const keyNames: Reader = {
  select: <Row>(sql: string) =>
    Promise.resolve(
      [...sql.matchAll(/\b\d{6,}\b/g)].map(([key]) => ({ key: Number(key), name: `key ${key}`, changes: 0 })) as Row[],
    ),
};

/** Columns of a span of which no resource is known. */
const noTags = Object.fromEntries(
  ['client', 'server'].flatMap((side) => [
    ...tags.map(({ kind }) => [`${side}_${tagColumn(kind)}`, 0]),
    ...autoTags.flatMap((auto) => [
      [`${side}_${auto}_type`, 0],
      [`${side}_${auto}_id`, 0],
    ]),
  ]),
) as Readonly<Record<string, number>>;

describe('the table of tags', () => {
  it('has each id of a side once, and each kind once', () => {
    const autoIds = autoTags.flatMap((auto) => [`${auto}_id`, `${auto}_type`]);
    const ids = sideIds.map(snake).filter((id) => id !== 'resolution' && !autoIds.includes(id));
    expect(tags.map(({ kind }) => tagColumn(kind))).toEqual(ids);
    expect(new Set(tags.map(({ kind }) => kind)).size).toBe(tags.length);
    expect(tags.map(({ kind }) => resourceKindIndex[kind])).not.toContain(undefined);
    expect(new Set(labelledKinds).size).toBe(labelledKinds.length);
  });
});

describe.each(tags)('the tag $kind', ({ kind, id }) => {
  it('has a name in what the command prints', () => {
    const names = new TagNames();
    names.learn(aResource({ kind, id: 7, name: 'seven' }));
    expect(names.ofSide(aSide({ [id]: 7 }))).toEqual({ [kind]: 'seven' });
  });

  it('can be asked for, and its names are read with a trace', async () => {
    const parsed = parseWhere(`client.${kind} = 'seven'`);
    expect(parsed.kind).toBe('where');
    if (parsed.kind !== 'where') return;
    expect(whereSql(parsed.where.expression)).toContain(`client_${tagColumn(kind)} IN`);
    const column = tagColumn(kind);
    const row = { [`client_${column}`]: 7, [`server_${column}`]: 8 };
    const [names] = await readSpanNames(keyNames, [
      { ...noTags, ...row, start_time_ns: '1', process_name: '', services: [0, 0, 0, 0, 0, 0] },
    ]);
    const keyOf = (tagged: number): string => `key ${resourceKindIndex[kind] * 2 ** 32 + tagged}`;
    expect(names).toMatchObject({ clientNames: { [kind]: keyOf(7) }, serverNames: { [kind]: keyOf(8) } });
  });

  // A process is nowhere by itself: the facts that come with events say which one a side is.
  it.skipIf(kind === 'process')('is put on what is below a resource of its kind', () => {
    const table = new ResourceTable(testConfig);
    table.learnResource(aResource({ kind, id: 7, uid: 'parent' }), 0);
    const below = aResource({ kind: 'network_interface', id: 8, uid: 'below', parents: [{ kind, id: 7, uid: '' }] });
    table.learnResource(below, 0);
    const timeNs = below.validFromNs;
    const version = table.byId(resourceKindIndex.network_interface, 8)!.at(timeNs)!;
    const location = locate(table, version, timeNs);
    const serviceId = location.services[0]?.id ?? 0;
    const facts = { location, hostId: 0, processId: 0, serviceId, resolution: 0, isInternet: false };
    expect(sideTags(facts)[id]).toBe(7);
  });
});

describe('the view of OpenTelemetry', () => {
  const view = readFileSync(projectFile('schemas', 'clickhouse', 'derived', '5-otel-traces.sql'), 'utf8');
  const named = tags.flatMap((tag) => ('attribute' in tag ? [tag] : []));

  it.each(named)('has $attribute of the side that was seen', ({ kind, attribute }) => {
    const column = tagColumn(kind);
    const number = resourceKindIndex[kind];
    const [, alias] = new RegExp(`if\\(is_client, client_${column}, server_${column}\\) AS (\\w+),`).exec(view)!;
    expect(view).toMatch(
      new RegExp(`tag_key\\(${number}, ${alias}, (if\\([^)]*\\),\\s+concat[^)]*\\), )?'${attribute}'`),
    );
    expect(view).toContain(`tag_value(${number}, ${alias})`);
  });
});
