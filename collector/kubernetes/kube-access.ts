import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { PipelineError } from '../../core/errors.ts';
import type { ApiAccess } from './api-client.ts';
import type { KubernetesConfig } from './config.ts';

const namespaceFile = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/**
 * Access by a kubeconfig file, with whatever login it names, or by the service account of the pod. The library is loaded
 * only here: it costs 80 MB.
 *
 * @throws PipelineError ENVIRONMENT_UNSUPPORTED when there is neither
 */
export async function kubeAccess({ kubeconfig, context }: KubernetesConfig): Promise<ApiAccess> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  try {
    if (kubeconfig !== undefined) config.loadFromFile(kubeconfig);
    else if (process.env['KUBERNETES_SERVICE_HOST'] !== undefined) config.loadFromCluster();
    else throw new Error('there is no service account here, and no kubeconfig is set');
    if (context !== undefined) config.setCurrentContext(context);
  } catch (error) {
    const text = `The API server of Kubernetes is not known: ${(error as Error).message}.`;
    throw new PipelineError('ENVIRONMENT_UNSUPPORTED', text, { cause: error });
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    const text = `The kubeconfig has no cluster for the context ${config.getCurrentContext()}.`;
    throw new PipelineError('ENVIRONMENT_UNSUPPORTED', text);
  }
  return {
    server: new URL(cluster.server),
    async options() {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      return options;
    },
  };
}

/** The namespace of the pod that this is; `default` outside of one. */
export async function ownNamespace(): Promise<string> {
  try {
    return (await readFile(namespaceFile, 'utf8')).trim();
  } catch {
    return 'default';
  }
}
