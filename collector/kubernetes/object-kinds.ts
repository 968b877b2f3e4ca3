/** What is watched: exactly this is what the chart's role allows. */
export const objectKinds = {
  Namespace: { path: '/api/v1/namespaces' },
  Node: { path: '/api/v1/nodes' },
  Pod: { path: '/api/v1/pods' },
  Service: { path: '/api/v1/services' },
  EndpointSlice: { path: '/apis/discovery.k8s.io/v1/endpointslices' },
  Ingress: { path: '/apis/networking.k8s.io/v1/ingresses' },
  Deployment: { path: '/apis/apps/v1/deployments' },
  ReplicaSet: { path: '/apis/apps/v1/replicasets' },
  StatefulSet: { path: '/apis/apps/v1/statefulsets' },
  DaemonSet: { path: '/apis/apps/v1/daemonsets' },
  Job: { path: '/apis/batch/v1/jobs' },
  CronJob: { path: '/apis/batch/v1/cronjobs' },
} as const;

/** A kind of object that is watched. */
export type ObjectKind = keyof typeof objectKinds;

/** All of them. */
export const objectKindNames = Object.keys(objectKinds) as readonly ObjectKind[];
