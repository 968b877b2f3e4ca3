import type { ConfigValues } from '../../core/config/load-config.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { cloudDefinition } from '../cloud/definition.ts';
import { kubernetesDefinition } from '../kubernetes/definition.ts';
import type { OpenedSources, ResourceSourceDefinition } from './source-definition.ts';

/** Settings of all sources of resources. */
export const resourceSourceSettings = { ...cloudDefinition.settings, ...kubernetesDefinition.settings } as const;

/** Every kind of source of resources. A new one is a definition and a line in each of these two lists. */
const definitions: readonly ResourceSourceDefinition[] = [cloudDefinition, kubernetesDefinition];

/** Whether the settings name any source of resources. */
export function hasResourceSources(settings: ConfigValues<typeof resourceSourceSettings>): boolean {
  return definitions.some((definition) => definition.isEnabled(settings));
}

/** Opens the sources that the settings name. @throws as {@link ResourceSourceDefinition.open} */
export async function openResourceSources(
  settings: ConfigValues<typeof resourceSourceSettings>,
  telemetry: Telemetry,
): Promise<OpenedSources> {
  const opened: OpenedSources[] = [];
  for (const definition of definitions)
    if (definition.isEnabled(settings)) opened.push(await definition.open(settings, telemetry));
  const leadership = opened.find((each) => each.leadership !== undefined)?.leadership;
  return {
    sources: opened.flatMap(({ sources }) => sources),
    ...(leadership === undefined ? {} : { leadership }),
  };
}
