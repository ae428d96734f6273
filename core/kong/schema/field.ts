import type { Faults } from './faults.ts'

/**
 * The language in which entities and plugin settings are described, with the words of Kong 1.1's own schemas. A
 * description is plain data; `validate`, `fillDefaults`, `mergeEntity` and `inferForm` interpret it.
 */
export type Field =
  | StringField
  | NumberField
  | BooleanField
  | ListField
  | MapField
  | RecordField
  | ForeignField

export interface FieldBase {
  /** A value other than null must be there in the end. Elements of lists and maps always are required. */
  readonly required?: boolean
  /** The value must be exactly this. */
  readonly eq?: string | number | boolean | null
}

export interface StringField extends FieldBase {
  readonly type: 'string'
  readonly default?: string
  /** Filled in by the node when missing. */
  readonly auto?: 'uuid' | 'random'
  /** No two entities may share the value. */
  readonly unique?: boolean
  readonly oneOf?: readonly string[]
  readonly uuid?: boolean
  readonly lenEq?: number
  /** Default 1: an empty string is a fault unless 0 is given. */
  readonly lenMin?: number
  readonly lenMax?: number
  readonly startsWith?: string
  readonly notMatch?: RegExp
  readonly matchNone?: readonly PatternRule[]
  readonly match?: RegExp
  readonly matchAll?: readonly PatternRule[]
  readonly matchAny?: { readonly patterns: readonly RegExp[]; readonly fault: string }
  readonly check?: Check<string>
}

export interface PatternRule {
  readonly pattern: RegExp
  readonly fault: string
}

/** Says what is wrong with a value of the right type, or nothing. */
export type Check<value> = (value: value) => string | undefined

export interface NumberField extends FieldBase {
  readonly type: 'number' | 'integer'
  readonly default?: number
  /** Filled in with the time, in s (`integer`) or s with ms as fraction (`number`). */
  readonly auto?: 'created' | 'updated'
  readonly oneOf?: readonly number[]
  readonly gt?: number
  readonly timestamp?: boolean
  readonly between?: readonly [least: number, most: number]
  readonly check?: Check<number>
}

export interface BooleanField extends FieldBase {
  readonly type: 'boolean'
  readonly default?: boolean
}

/** A `set` is a list that forgets repetitions. */
export interface ListField extends FieldBase {
  readonly type: 'array' | 'set'
  readonly elements: Field
  readonly default?: readonly unknown[]
  readonly lenEq?: number
  readonly lenMin?: number
  /** Default 10,000. */
  readonly lenMax?: number
  readonly contains?: string | number
  readonly check?: Check<readonly unknown[]>
}

export interface MapField extends FieldBase {
  readonly type: 'map'
  readonly keys: StringField
  readonly values: Field
  readonly default?: Readonly<Record<string, unknown>>
  readonly lenEq?: number
  readonly lenMin?: number
  readonly lenMax?: number
  readonly check?: Check<Readonly<Record<string, unknown>>>
}

export interface RecordField extends FieldBase {
  readonly type: 'record'
  readonly fields: Fields
  readonly checks?: readonly EntityCheck[]
  readonly default?: Readonly<Record<string, unknown>>
}

/** Names another entity: `{ id }`. */
export interface ForeignField extends FieldBase {
  readonly type: 'foreign'
  /** Collection of the other entity. */
  readonly reference: string
  /** What removing the other entity does to this one; default `restrict`. */
  readonly onRemove?: 'restrict' | 'cascade'
}

/** In the order in which an entity shows them. */
export type Fields = Readonly<Record<string, Field>>

/** A rule over several fields. Field names may be paths: `config.redis_host`. */
export type EntityCheck =
  | { readonly kind: 'at-least-one-of'; readonly fields: readonly string[] }
  | {
      /** When the list in `ifField` has only these elements, one of the fields must be non-empty. */
      readonly kind: 'conditional-at-least-one-of'
      readonly ifField: string
      readonly ifMatch: FieldRules
      readonly oneOf: readonly string[]
      readonly fault?: string
    }
  | { readonly kind: 'only-one-of'; readonly fields: readonly string[] }
  | { readonly kind: 'distinct'; readonly fields: readonly string[] }
  | {
      /** When `ifField` satisfies `ifMatch`, `thenField` must satisfy `thenMatch`. */
      readonly kind: 'conditional'
      readonly ifField: string
      readonly ifMatch: FieldRules
      readonly thenField: string
      readonly thenMatch: FieldRules
      readonly fault?: string
    }
  | {
      /** Runs when none of its fields has a fault by itself. */
      readonly kind: 'custom'
      readonly fields: readonly string[]
      /** Field that gets the fault; default: the entity as a whole. */
      readonly blame?: string
      readonly check: Check<Readonly<Record<string, unknown>>>
    }

/** Rules laid over those of the field they are tried on. */
export interface FieldRules {
  readonly required?: boolean
  readonly eq?: string | number | boolean | null
  readonly oneOf?: readonly (string | number)[]
  readonly match?: RegExp
  readonly between?: readonly [least: number, most: number]
  readonly gt?: number
  readonly lenEq?: number
  readonly lenMin?: number
  readonly contains?: string | number
  readonly elements?: FieldRules
}

/** The description of a kind of entity. */
export interface Schema {
  /** Plural: `services`. It is the collection, the path of the endpoints and the word in messages. */
  readonly name: string
  readonly fields: Fields
  readonly checks?: readonly EntityCheck[]
  /** Finds the fields and rules for one entity, where they depend on what it is: those of a plugin on its name. */
  readonly variantOf?: (entity: Readonly<Record<string, unknown>>) => SchemaVariant
  /** Field by which an entity can be addressed instead of its id; it is unique. */
  readonly endpointKey?: string
  /** Combinations of fields that no two entities may share; null equals null. */
  readonly uniqueTogether?: readonly (readonly string[])[]
  /** Write-only fields and the fields they stand for; what they give overrides what is written beside them. */
  readonly shorthands?: Readonly<
    Record<string, (value: unknown) => Readonly<Record<string, unknown>>>
  >
}

export interface SchemaVariant {
  readonly fields: Fields
  readonly checks?: readonly EntityCheck[]
  /** Why nothing more can be said of the entity; `fields` are then those that every variant has. */
  readonly faults?: Faults
}
