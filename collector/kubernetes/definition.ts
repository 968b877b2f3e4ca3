import { defineResourceSource } from '../resources/source-definition.ts';
import { kubernetesConfig } from './config.ts';

/** The objects of a cluster. Of several instances the one that holds a Lease publishes. */
export const kubernetesDefinition = defineResourceSource({
  name: 'kubernetes',
  settings: { kubernetes: kubernetesConfig },
  isEnabled: ({ kubernetes }) => kubernetes.enabled,
  async open({ kubernetes }, telemetry) {
    const { openKubernetes } = await import('./open-kubernetes.ts');
    return openKubernetes(kubernetes, telemetry);
  },
});
