import { MeshError } from '#core/base/errors.ts'
import type { CounterTable } from './counter-table.ts'

/** What every document has: its primary key. */
export interface StoredDocument {
  readonly id: string
}

/** A kind of document and what holds for all documents of that kind; plain data, one constant per kind. */
export interface Collection<document extends StoredDocument = StoredDocument> {
  /** Plural, as stored: `services`. */
  readonly name: string
  /** Fields, or combinations of fields, that no two documents may share. */
  readonly unique: readonly UniqueKey[]
  /** Fields of the form `{ id }` that name a document of another collection. */
  readonly references: readonly Reference[]
  /** Fields that can be searched: a scalar, or an array of which every element is found. References always can. */
  readonly indexed: readonly string[]
  /** Reads a stored body; the place where a field added by a later version gets its value. */
  revive(stored: Readonly<Record<string, unknown>>): document
}

export interface UniqueKey {
  readonly fields: readonly string[]
  /** Whether null equals null. When it does not (default), a key with a null in it is never in conflict. */
  readonly nullsEqual?: boolean
}

export interface Reference {
  readonly field: string
  /** Name of the referenced collection. */
  readonly collection: string
  /** What removing the referenced document does: it fails, or takes this document with it. */
  readonly onRemove: 'restrict' | 'cascade'
}

/** One consistent state of the store, valid inside the callback that received it. */
export interface StoreView {
  /** Counts the changes ever made; this state is the result of exactly so many. */
  readonly version: number
  get<document extends StoredDocument>(
    collection: Collection<document>,
    id: string,
  ): Promise<document | undefined>
  /** Finds the one document with these values; the fields must be a unique key of the collection. */
  find<document extends StoredDocument>(
    collection: Collection<document>,
    key: Readonly<Record<string, unknown>>,
  ): Promise<document | undefined>
  /** All documents, by ascending id. */
  list<document extends StoredDocument>(
    collection: Collection<document>,
  ): Promise<readonly document[]>
  page<document extends StoredDocument>(
    collection: Collection<document>,
    options: PageOptions,
  ): Promise<Page<document>>
}

export interface PageOptions {
  /** Most documents to return. */
  readonly size: number
  /** Return only documents with an id above this one. */
  readonly after?: string | undefined
  /** Return only documents that satisfy all of these. */
  readonly where?: readonly IndexFilter[] | undefined
}

/** An indexed field or a reference (then the values are ids) that must hold all, or at least one, of the values. */
export interface IndexFilter {
  readonly field: string
  readonly match: 'all' | 'any'
  readonly values: readonly (string | number | boolean)[]
}

export interface Page<document> {
  readonly documents: readonly document[]
  /** Pass it as `after` to get the next page; undefined on the last one. */
  readonly next: string | undefined
}

export interface StoreTransaction extends StoreView {
  /** @throws ConstraintError when the id or a unique key is taken or a reference leads nowhere. */
  insert<document extends StoredDocument>(
    collection: Collection<document>,
    document: document,
  ): Promise<void>
  /**
   * Writes the whole document, new or not.
   *
   * @throws ConstraintError when a unique key is taken or a reference leads nowhere.
   */
  put<document extends StoredDocument>(
    collection: Collection<document>,
    document: document,
  ): Promise<void>
  /**
   * Returns whether there was such a document; removes what refers to it with `cascade`.
   *
   * @throws ConstraintError when another document refers to it with `restrict`.
   */
  remove(collection: Collection, id: string): Promise<boolean>
  /** Removes every document of every collection: what is inserted next replaces all there was. Counters stay. */
  clear(): Promise<void>
}

/**
 * Typed documents that many processes share. Every method but `watch` rejects with a StoreUnavailableError, in bounded
 * time, while the store cannot be used; listeners hear afterwards of what has changed meanwhile.
 */
export interface Store extends AsyncDisposable {
  readonly counters: CounterTable
  /**
   * Counts the changes ever made by any process; equal numbers mean equal content. Answers or rejects within about a
   * second, whatever else is going on.
   */
  version(): Promise<number>
  /** Runs `work` on one consistent state. Neither `read` nor `write` may be called from inside it. */
  read<result>(work: (view: StoreView) => Promise<result>): Promise<result>
  /**
   * Runs `work` alone among all processes; its changes appear together when it resolves and not at all when it
   * rejects. Await nothing but the transaction in it: others wait. Resolves after the listeners of this `Store`
   * have taken notice of the change.
   */
  write<result>(work: (transaction: StoreTransaction) => Promise<result>): Promise<result>
  /**
   * Calls `listener` with the new version after each change by this or any other process; changes in quick succession
   * may be told as one. A listener must handle its own faults: one that throws or rejects ends the process.
   */
  watch(listener: (version: number) => void | Promise<void>): Disposable
}

/** Which rule a change would have broken. */
export type Violation =
  | { readonly kind: 'primary-key'; readonly collection: string; readonly id: string }
  | {
      readonly kind: 'unique'
      readonly collection: string
      readonly key: Readonly<Record<string, unknown>>
    }
  | {
      readonly kind: 'missing-reference'
      readonly collection: string
      readonly field: string
      readonly referenced: string
      readonly id: string
    }
  | {
      readonly kind: 'still-referenced'
      readonly collection: string
      readonly id: string
      /** The collection of the document that refers to it. */
      readonly by: string
    }

/** A change was refused because it would break a rule of a collection; nothing was changed. */
export class ConstraintError extends MeshError {
  readonly violation: Violation

  constructor(violation: Violation) {
    super(`store-${violation.kind}`, explainViolation(violation))
    this.name = 'ConstraintError'
    this.violation = violation
  }
}

function explainViolation(violation: Violation): string {
  switch (violation.kind) {
    case 'primary-key':
      return `Cannot insert "${violation.id}" into ${violation.collection}: the id is taken`
    case 'unique':
      return `Cannot write to ${violation.collection}: ${JSON.stringify(violation.key)} is taken`
    case 'missing-reference':
      return `Cannot write to ${violation.collection}: ${violation.field} refers to "${violation.id}", which ${violation.referenced} does not have`
    case 'still-referenced':
    default:
      return `Cannot remove "${violation.id}" from ${violation.collection}: ${violation.by} refers to it`
  }
}

export type UnavailabilityCode =
  | 'store-unreachable'
  | 'store-busy'
  | 'store-full'
  | 'store-read-only'
  | 'store-damaged'

/** The store cannot serve anybody now, whatever was asked of it; trying again later may help. */
export class StoreUnavailableError extends MeshError {
  constructor(code: UnavailabilityCode, message: string, options?: ErrorOptions) {
    super(code, message, options)
    this.name = 'StoreUnavailableError'
  }
}
