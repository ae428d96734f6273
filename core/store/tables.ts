import type { IndexFilter, Reference } from './store.ts'

/** The four tables below every store, without rules. Values are JSON text, so that all stores compare them alike. */
export interface Tables {
  document(collection: string, id: string): Promise<string | undefined>
  /** Bodies by ascending id. */
  documents(collection: string, selection: Selection): Promise<readonly DocumentRow[]>
  /** Id of the document that has this value of a unique key. */
  uniqueOwner(collection: string, key: string, value: string): Promise<string | undefined>
  referrers(collection: string, id: string): Promise<readonly Referrer[]>
  /** Adds a document that is not there, with everything by which it can be found. */
  add(row: DocumentRow & Entries): Promise<void>
  /** Removes a document and everything by which it could be found. */
  remove(collection: string, id: string): Promise<void>
  /** Removes all documents of all collections; returns whether there was any. */
  clear(): Promise<boolean>
}

export interface Selection {
  readonly after: string | undefined
  /** undefined = all. */
  readonly limit: number | undefined
  readonly where: readonly IndexFilter[]
}

export interface DocumentRow {
  readonly collection: string
  readonly id: string
  readonly body: string
}

/** How a document can be found, other than by its id. */
export interface Entries {
  readonly uniques: readonly { readonly key: string; readonly value: string }[]
  readonly indexed: readonly { readonly field: string; readonly value: string }[]
  readonly references: readonly ReferenceRow[]
}

export interface ReferenceRow {
  readonly field: string
  readonly referenced: string
  readonly referencedId: string
  readonly onRemove: Reference['onRemove']
}

/** A document that refers to another one. */
export interface Referrer {
  readonly collection: string
  readonly id: string
  readonly onRemove: Reference['onRemove']
}
