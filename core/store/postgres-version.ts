import type { QueryResultRow } from 'pg'

/** Asks for the version of the content; `versionOf` reads the answer. */
export const selectVersion = 'SELECT version FROM meshyard.content_version'

/** A bigint comes as text. */
export function versionOf(row: QueryResultRow | undefined): number {
  return Number(row?.['version'])
}
