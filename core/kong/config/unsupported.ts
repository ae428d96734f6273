/**
 * Says which settings of Kong 1.1 ask for something that a node does not do. Each is refused, because a node that took
 * it and did nothing would mislead.
 */
export function unsupportedFaults(merged: ReadonlyMap<string, string>): string[] {
  return merged.get('database') === 'cassandra'
    ? [
        "database 'cassandra' is not supported: use 'postgres', or 'sqlite', which nodes share by naming the same sqlite_file",
      ]
    : []
}
