/** The chart and the stages' definitions name the same stages, settings, stores and ports. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { sections, storeSections } from '../../cli/settings.ts';
import { stageNames, stages } from '../../cli/stages.ts';
import type { ConfigSection } from '../../core/config/section.ts';
import { settingNames } from '../../core/config/section.ts';
import { projectFile } from '../../core/project-files.ts';
import type { StageDefinition } from '../../core/stage/stage-definition.ts';
import { describeWhere } from '../../test/requirement.ts';
import { programsMissing } from '../testing/check-programs.ts';
import { type Container, type Manifest, renderChart, valueSets } from './testing/render-chart.ts';

const chart = (name: string): string => readFileSync(projectFile('deploy', 'helm', 'spanloom', name), 'utf8');
const schema = JSON.parse(chart('values.schema.json')) as {
  readonly definitions: {
    readonly settings: { readonly propertyNames: { readonly not: { readonly pattern: string } } };
  };
  readonly properties: {
    readonly kafka: {
      readonly properties: {
        readonly sasl: {
          readonly properties: { readonly secrets: { readonly propertyNames: { readonly enum: readonly string[] } } };
        };
      };
    };
  };
};

const containerOf = (manifests: readonly Manifest[], stage: string): Container =>
  manifests.find(({ metadata, spec }) => spec.template !== undefined && metadata.name === `traces-spanloom-${stage}`)!
    .spec.template!.spec.containers[0]!;
const namesOf = (container: Container): readonly string[] => container.env!.map(({ name }) => name);
const sectionsOf = (stage: StageDefinition): readonly ConfigSection[] => [
  sections.shared,
  ...[stage.settings, ...stage.stores.map((store) => storeSections[store])].flatMap<ConfigSection>(Object.values),
];

it('the values have one part for each stage, and a login for each that needs the log', () => {
  const values = parse(chart('values.yaml'), { merge: true }) as Readonly<Record<string, object>>;
  const parts = Object.keys(values).filter((name) => 'settings' in Object(values[name]));
  expect(parts.toSorted()).toEqual([...stageNames].toSorted());
  const logins = schema.properties.kafka.properties.sasl.properties.secrets.propertyNames.enum;
  const users = stages.filter(({ stores }) => stores.includes('bus')).map(({ name }) => name);
  expect(logins.toSorted()).toEqual([...users, 'topics'].toSorted());
});

describeWhere(programsMissing('helm'), 'the Helm chart and the definitions of the stages', () => {
  it('give a stage only settings that it reads, and the address of each store that it needs', () => {
    const manifests = renderChart('secured');
    for (const stage of stages) {
      const given = namesOf(containerOf(manifests, stage.name)).filter((name) => name.startsWith('SPANLOOM_'));
      const known = settingNames(sectionsOf(stage));
      expect(
        given.filter((name) => !known.includes(name)),
        stage.name,
      ).toEqual([]);
      expect(given.includes('SPANLOOM_BUS_KAFKA_BROKERS'), stage.name).toBe(stage.stores.includes('bus'));
      expect(given.includes('SPANLOOM_CLICKHOUSE_URL'), stage.name).toBe(stage.stores.includes('clickHouse'));
      expect(given.includes('SPANLOOM_CORRELATOR_REDIS_URL'), stage.name).toBe(stage.name === 'correlator');
    }
  });

  it('agree on which settings the chart sets itself: those that exist and that it refuses among the free ones', () => {
    const own = new RegExp(schema.definitions.settings.propertyNames.not.pattern);
    const refused = settingNames(Object.values(sections)).filter((name) => own.test(name));
    const set = new Set(
      valueSets.flatMap((values) =>
        renderChart(values, 'redis.cluster=true', 'resources.files.a=b', 'resources.aws.externalId=x').flatMap(
          ({ spec }) => (spec.template === undefined ? [] : namesOf(spec.template.spec.containers[0]!)),
        ),
      ),
    );
    // The image has it: deploy/Dockerfile.
    expect(refused.filter((name) => !set.has(name))).toEqual(['SPANLOOM_DATA_DIR']);
  });

  it('open the port that a stage serves others on, under its name, and besides it only that of metrics', () => {
    const manifests = renderChart('minimal', 'query.port=7777');
    for (const { name, port } of stages) {
      const container = containerOf(manifests, name);
      const ports = container.ports!.map((each) => each.name);
      expect(ports, name).toEqual(['metrics', ...(port === undefined ? [] : [port.name])]);
      if (port === undefined) continue;
      const setting = container.env!.find((variable) => variable.name === port.setting);
      expect(setting?.value).toBe(String(container.ports!.find((each) => each.name === port.name)!.containerPort));
    }
  });
});
