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
      description: 'Publish pods, services, nodes and other objects of a Kubernetes cluster as resources.',
      default: 'false',
    }),
    kubeconfig: textSetting({
      description: 'Path of a kubeconfig file. Without it the service account of the pod is used.',
    }).optional(),
    context: textSetting({ description: "Context in that file. Without it the file's current context." }).optional(),
    clusterName: textSetting({ description: 'Name of the cluster as people see it.', default: 'kubernetes' }),
    annotations: listSetting({
      description: 'Names of annotations to keep; * matches any text.',
      default: '*',
    }),
    annotationsLeftOut: listSetting({
      description:
        'Names of annotations to leave out, even if the setting above keeps them. The default leaves out those that programs write.',
      default: '*kubernetes.io/*, *k8s.io/*, *.cncf.io/*, *projectcalico.org/*, *cilium.io/*, *openshift.io/*',
    }),
    pageSize: integerSetting({
      description: 'Objects per page when the stage lists a kind (limit).',
      default: '500',
      minimum: 1,
      maximum: 10_000,
    }),
    resync: durationMsSetting({
      description: 'Interval after which all objects are listed again, in case a watch missed a change.',
      default: '12h',
      minimum: 10_000,
    }),
    lease: booleanSetting({
      description: 'Publish only while this instance holds a Kubernetes Lease. Use false for a single instance.',
      default: 'true',
    }),
    leaseName: textSetting({ description: 'Name of that Lease.', default: 'spanloom-resources' }),
    leaseNamespace: textSetting({
      description: "Namespace of that Lease. Without it the pod's namespace.",
    }).optional(),
    leaseDuration: durationMsSetting({
      description: 'Another instance takes over when the holder has not renewed the Lease for this long.',
      default: '15s',
      minimum: 1000,
    }),
  }),
  { name: 'resources-kubernetes', title: 'Resources: Kubernetes' },
);

/** Values of {@link kubernetesConfig}. */
export type KubernetesConfig = Readonly<ConfigOf<typeof kubernetesConfig>>;
