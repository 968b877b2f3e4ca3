import { projectFile } from '../core/project-files.ts';

/** The file that describes the demo's services as pods of a small cluster. */
export const clusterFile: string = projectFile('demo', 'cluster.yaml');

/** Pods by what the demo calls their programs; the load comes from outside of the cluster. */
const podUids: Readonly<Record<string, string>> = {
  gateway: 'demo-pod-gateway',
  orders: 'demo-pod-orders',
  pricing: 'demo-pod-pricing',
  redis: 'demo-pod-redis',
  mariadb: 'demo-pod-prices',
  postgresql: 'demo-pod-prices',
};

/** Environment by which a program of the demo says which pod it is. */
export function podEnvironment(program: string): Readonly<Record<string, string>> {
  const uid = podUids[program];
  return uid === undefined ? {} : { SPANLOOM_POD_UID: uid };
}
