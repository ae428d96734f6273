/** The PostgreSQL of a rendered topology, where its nodes find their entities. */
export const store = {
  name: 'store',
  image: 'postgres:17',
  port: 5432,
  user: 'kong',
  database: 'kong',
  /** Where the engine keeps the password. */
  secret: 'meshyard-store-password',
} as const
