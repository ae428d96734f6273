/** What every entity has. */
export interface Entity {
  /** Lower-case UUID. */
  readonly id: string
  /** Unix time in s. */
  readonly created_at: number
}

export type Protocol = 'http' | 'https' | 'tcp' | 'tls'

/** How an entity names another one. */
export interface ForeignKey {
  readonly id: string
}
