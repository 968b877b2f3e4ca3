import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../config/section.ts';
import { durationMsSetting, textSetting } from '../config/setting.ts';
import { connectSchemaRegistry, type SchemaRegistry } from './schema-registry.ts';

/** Settings of the Schema Registry, shared by all stages: SPANLOOM_SCHEMA_REGISTRY_…. */
export const schemaRegistryConfig = defineConfig(
  z.object({
    url: textSetting({
      description:
        'Address of a Schema Registry, such as http://127.0.0.1:8081. With it, stages write values in Confluent framing and read framed values of other writers. Without it, values are plain Avro.',
      pattern: /^https?:\/\/[^\s@]+$/,
      patternText: 'an address that begins with http:// or https://, without user and password',
    }).optional(),
    user: textSetting({ description: 'User for basic authentication at the registry.' }).optional(),
    password: textSetting({ description: 'Password of that user.', secret: true }).optional(),
    requestTimeout: durationMsSetting({
      description: 'Timeout of one request to the registry.',
      default: '10s',
      minimum: 100,
    }),
  }),
  { name: 'schema-registry', title: 'Schema Registry' },
);

export type SchemaRegistryConfig = Readonly<ConfigOf<typeof schemaRegistryConfig>>;

/** The configured registry; undefined when there is none. */
export function openSchemaRegistry(config: SchemaRegistryConfig): SchemaRegistry | undefined {
  const { url, user, password, requestTimeout } = config;
  if (url === undefined) return undefined;
  return connectSchemaRegistry({
    url,
    requestTimeoutMs: requestTimeout,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  });
}
