import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { PipelineError } from '../../core/errors.ts';
import { fileError } from '../../core/files/file-error.ts';
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
    else throw new Error('there is no service account here, and SPANLOOM_RESOURCES_KUBERNETES_KUBECONFIG is not set');
    if (context !== undefined) config.setCurrentContext(context);
  } catch (error) {
    throw unknownServer(whyOf(error, kubeconfig), error);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw unknownServer(`the kubeconfig has no cluster for the context ${config.getCurrentContext()}`);
  if (!URL.canParse(cluster.server))
    throw unknownServer(`the kubeconfig has the address "${cluster.server}", which is none`);
  return {
    server: new URL(cluster.server),
    async options() {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      return options;
    },
  };
}

function unknownServer(why: string, cause?: unknown): PipelineError {
  return new PipelineError('ENVIRONMENT_UNSUPPORTED', `The API server of Kubernetes is not known: ${why}.`, { cause });
}

/** The problem of a kubeconfig; the library's error quotes the file's text, line by line. */
function whyOf(error: unknown, kubeconfig: string | undefined): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (kubeconfig === undefined) return message;
  if (code !== undefined) return fileError(kubeconfig, 'read', error).message.replace(/\.$/, '');
  return `${kubeconfig} is no kubeconfig (${message.split('\n', 1)[0]!})`;
}

/** The namespace of the pod that this is; `default` outside of one. */
export async function ownNamespace(): Promise<string> {
  try {
    return (await readFile(namespaceFile, 'utf8')).trim();
  } catch {
    return 'default';
  }
}
