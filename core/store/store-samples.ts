import type { Collection, StoredDocument } from './store.ts'

interface Shelf extends StoredDocument {
  readonly name: string | null
}

export interface Book extends StoredDocument {
  readonly title: string | null
  readonly author: string | null
  readonly tags: readonly string[] | null
  readonly shelf: { readonly id: string } | null
}

interface Note extends StoredDocument {
  readonly book: { readonly id: string }
}

export const shelves: Collection<Shelf> = {
  name: 'shelves',
  unique: [{ fields: ['name'] }],
  references: [],
  indexed: [],
  revive: ({ id, name }) => ({ id: String(id), name: textOf(name) }),
}

export const books: Collection<Book> = {
  name: 'books',
  unique: [{ fields: ['title'] }, { fields: ['author', 'shelf'], nullsEqual: true }],
  references: [{ field: 'shelf', collection: 'shelves', onRemove: 'restrict' }],
  indexed: ['tags'],
  revive: ({ id, title, author, tags, shelf }) => ({
    id: String(id),
    title: textOf(title),
    author: textOf(author),
    tags: Array.isArray(tags) ? tags.map(String) : null,
    shelf: keyOf(shelf),
  }),
}

export const notes: Collection<Note> = {
  name: 'notes',
  unique: [],
  references: [{ field: 'book', collection: 'books', onRemove: 'cascade' }],
  indexed: [],
  revive: ({ id, book: about }) => ({ id: String(id), book: keyOf(about) ?? { id: '' } }),
}

export function book(id: string, rest: Partial<Book> = {}): Book {
  return { id, title: null, author: id, tags: null, shelf: null, ...rest }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function keyOf(value: unknown): { readonly id: string } | null {
  return typeof value === 'object' && value !== null && 'id' in value
    ? { id: String(value.id) }
    : null
}
