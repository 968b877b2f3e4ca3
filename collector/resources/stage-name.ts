/** Name of the stage in metrics, logs, health and rights. */
export const resourcesStageName = 'resources';
