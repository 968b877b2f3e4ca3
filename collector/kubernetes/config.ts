import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../../core/config/section.ts';
import {
  booleanSetting,
  durationMsSetting,
  integerSetting,
  listSetting,
  textSetting,
} from '../../core/config/setting.ts';

/** Settings of the Kubernetes source: SPANLOOM_RESOURCES_KUBERNETES_…. */
export const kubernetesConfig = defineConfig(
  z.object({
    enabled: booleanSetting({
      description: 'Publish pods, services, nodes and the like of a cluster as resources.',
      default: 'false',
    }),
    kubeconfig: textSetting({
      description: 'File that says where the API server is; without it, the service account of the pod.',
    }).optional(),
    context: textSetting({ description: 'Context of that file, instead of its current one.' }).optional(),
    clusterName: textSetting({ description: 'Name of the cluster, for people.', default: 'kubernetes' }),
    annotations: listSetting({
      description: 'Annotations that are kept, by name; * stands for anything.',
      default: '*',
    }),
    annotationsLeftOut: listSetting({
      description: 'Annotations that are not, although they are kept by the setting before: those of machines.',
      default: '*kubernetes.io/*, *k8s.io/*, *.cncf.io/*, *projectcalico.org/*, *cilium.io/*, *openshift.io/*',
    }),
    pageSize: integerSetting({
      description: 'Objects of one answer when everything is listed.',
      default: '500',
      minimum: 1,
      maximum: 10_000,
    }),
    resync: durationMsSetting({
      description: 'Everything is listed anew after this time, in case that something was missed.',
      default: '12h',
      minimum: 10_000,
    }),
    lease: booleanSetting({
      description: 'Publish only while this instance holds a Lease of Kubernetes; off for a single instance.',
      default: 'true',
    }),
    leaseName: textSetting({ description: 'Name of that Lease.', default: 'spanloom-resources' }),
    leaseNamespace: textSetting({
      description: 'Its namespace; without it, that of the pod.',
    }).optional(),
    leaseDuration: durationMsSetting({
      description: 'Another instance takes over when the one that publishes was not heard of for so long.',
      default: '15s',
      minimum: 1000,
    }),
  }),
  { name: 'resources-kubernetes', title: 'Resources: Kubernetes' },
);

/** Values of {@link kubernetesConfig}. */
export type KubernetesConfig = Readonly<ConfigOf<typeof kubernetesConfig>>;
