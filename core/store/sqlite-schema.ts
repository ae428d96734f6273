import type { Migration } from './migration-state.ts'

/** The layout in SQLite; `user_version` of a file tells how many of these steps it has. */
export const sqliteMigrations: readonly Migration[] = [
  {
    name: '000_documents',
    up: `
      CREATE TABLE documents (
        collection TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (collection, id)
      ) STRICT;
      CREATE TABLE unique_values (
        collection TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL,
        PRIMARY KEY (collection, key, value)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX unique_values_of_document ON unique_values (collection, id);
      CREATE TABLE indexed_values (
        collection TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL,
        PRIMARY KEY (collection, field, value, id)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX indexed_values_of_document ON indexed_values (collection, id);
      CREATE TABLE document_references (
        collection TEXT NOT NULL, id TEXT NOT NULL, field TEXT NOT NULL,
        referenced TEXT NOT NULL, referenced_id TEXT NOT NULL, on_remove TEXT NOT NULL,
        PRIMARY KEY (collection, id, field)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX document_references_to ON document_references (referenced, referenced_id);
      CREATE TABLE content_version (version INTEGER NOT NULL) STRICT;
      INSERT INTO content_version (version) VALUES (0);
    `,
  },
  {
    name: '001_counters',
    up: `
      CREATE TABLE counters (
        key TEXT NOT NULL PRIMARY KEY, value REAL NOT NULL, expires_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX counters_by_end ON counters (expires_at);
    `,
  },
]
