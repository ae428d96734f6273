import type { Migration } from './migration-state.ts'

/**
 * The layout in PostgreSQL, all in a schema of its own. Texts compare by their bytes, whatever the database's locale.
 * `value` columns hold `indexable` texts.
 */
export const postgresMigrations: readonly Migration[] = [
  {
    name: '000_documents',
    up: `
      CREATE TABLE meshyard.documents (
        collection text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, body text NOT NULL,
        PRIMARY KEY (collection, id)
      );
      CREATE TABLE meshyard.unique_values (
        collection text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
        value text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL,
        PRIMARY KEY (collection, key, value)
      );
      CREATE INDEX unique_values_of_document ON meshyard.unique_values (collection, id);
      CREATE TABLE meshyard.indexed_values (
        collection text COLLATE "C" NOT NULL, field text COLLATE "C" NOT NULL,
        value text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL,
        PRIMARY KEY (collection, field, value, id)
      );
      CREATE INDEX indexed_values_of_document ON meshyard.indexed_values (collection, id);
      CREATE TABLE meshyard.document_references (
        collection text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL,
        field text COLLATE "C" NOT NULL, referenced text COLLATE "C" NOT NULL,
        referenced_id text COLLATE "C" NOT NULL, on_remove text NOT NULL,
        PRIMARY KEY (collection, id, field)
      );
      CREATE INDEX document_references_to
        ON meshyard.document_references (referenced, referenced_id);
      CREATE TABLE meshyard.content_version (version bigint NOT NULL);
      INSERT INTO meshyard.content_version (version) VALUES (0);
    `,
  },
  {
    name: '001_counters',
    up: `
      CREATE TABLE meshyard.counters (
        key text COLLATE "C" PRIMARY KEY, value double precision NOT NULL, expires_at bigint NOT NULL
      );
      CREATE INDEX counters_by_end ON meshyard.counters (expires_at);
    `,
  },
]
