import type { z } from 'zod';

/** Settings that belong together: of a stage, of a part of one, or those that all stages share. */
export interface ConfigSection<Schema extends z.ZodObject = z.ZodObject> {
  /** Begins the names of its variables, as `sink-otlp` begins SPANLOOM_SINK_OTLP_TOPIC. Undefined for the shared ones. */
  readonly name?: string;
  /** Its heading in docs/configuration.md. */
  readonly title: string;
  readonly schema: Schema;
}

/** The values of a section, as they are after parsing. */
export type ConfigOf<Section> = Section extends ConfigSection<infer Schema> ? z.infer<Schema> : never;

/** Every variable of the environment that starts with this is ours. */
export const environmentPrefix = 'SPANLOOM_';

/** Declares settings: `defineConfig(z.object({ batchRows: integerSetting({ … }) }), { name: 'sink', title: 'Sink' })`. */
export function defineConfig<Schema extends z.ZodObject>(
  schema: Schema,
  names: Pick<ConfigSection, 'name' | 'title'>,
): ConfigSection<Schema> {
  return { ...names, schema };
}

const upperSnake = (name: string): string =>
  name
    .replaceAll('-', '_')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase();

/**
 * Name of a setting in the environment: `payloadBytes` of the collector is SPANLOOM_COLLECTOR_PAYLOAD_BYTES. `quietMs` of
 * the correlator is SPANLOOM_CORRELATOR_QUIET: the value of the field is in milliseconds, its text has a unit of its own.
 */
export function environmentName(section: ConfigSection, field: string): string {
  const prefix = section.name === undefined ? '' : `${upperSnake(section.name)}_`;
  return `${environmentPrefix}${prefix}${upperSnake(field.replace(/Ms$/, ''))}`;
}

/** One setting, for documentation and for printing. */
export interface SettingDescription {
  readonly field: string;
  readonly environmentName: string;
  /** Its name in earlier versions, if it had another one. */
  readonly formerName: string | undefined;
  readonly type: string;
  /** As one would write it; undefined when there is none. */
  readonly default: string | undefined;
  readonly required: boolean;
  readonly secret: boolean;
  readonly description: string;
}

/** All settings of a section, in their order. */
export function describeSection(section: ConfigSection): readonly SettingDescription[] {
  return Object.entries(section.schema.shape as Record<string, z.ZodType>).map(([field, schema]) => {
    let meta: Record<string, unknown> = {};
    let fallback: string | undefined;
    let required = true;
    // Defaults and `optional()` wrap the schema that they change; the outermost value counts.
    for (let layer: z.ZodType | undefined = schema; layer !== undefined;) {
      meta = { ...layer.meta(), ...meta };
      const definition = layer._zod.def as { type: string; defaultValue?: unknown; innerType?: z.ZodType };
      if (['default', 'prefault', 'optional'].includes(definition.type)) required = false;
      const value = definition.defaultValue;
      if (value !== undefined) fallback ??= typeof value === 'string' ? value : JSON.stringify(value);
      layer = definition.innerType;
    }
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    return {
      field,
      environmentName: environmentName(section, field),
      formerName: text(meta['formerName']) || undefined,
      type: text(meta['type']) || 'text',
      default: fallback,
      required,
      secret: meta['secret'] === true,
      description: text(meta['description']),
    };
  });
}

/** Names in the environment of all settings of these sections. */
export function settingNames(sections: readonly ConfigSection[]): readonly string[] {
  return sections.flatMap((section) => describeSection(section).map((setting) => setting.environmentName));
}
