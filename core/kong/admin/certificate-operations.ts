import { certificates } from '#core/kong/entities/certificate.ts'
import type { Entity } from '#core/kong/entities/entity.ts'
import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import { serverNameField } from '#core/kong/entities/field-types.ts'
import { type Sni, snis } from '#core/kong/entities/sni.ts'
import type { ListField, Schema } from '#core/kong/schema/field.ts'
import { inferForm } from '#core/kong/schema/infer-form.ts'
import { isUuid } from '#core/kong/schema/rules.ts'
import { validateField } from '#core/kong/schema/validate.ts'
import type { StoreTransaction, StoreView } from '#core/store/store.ts'
import { schemaViolation, serverNameNotFound } from './admin-fault.ts'
import { EntityOperations, type EntityOperationsOptions } from './entity-operations.ts'
import { type EntityInput, type KindOperations, withFields } from './kind-operations.ts'
import { listWhere, referringTo } from './list-where.ts'

/** The names of a certificate, given and shown as if they were a field of it. */
const namesField: ListField = {
  type: 'array',
  elements: serverNameField,
  lenMax: 1000,
  check: (names) => {
    const seen = new Set<unknown>()
    for (const name of names) {
      if (seen.has(name)) return `${String(name)} is duplicated`
      seen.add(name)
    }
    return undefined
  },
}

/** Judges names together with the rest, so that all faults are told at once. */
const writtenSchema: Schema = {
  ...certificates.schema,
  fields: { ...certificates.schema.fields, snis: namesField },
}

/** The operations of certificates, which can be named by their server names and bring them along. */
export class CertificateOperations implements KindOperations {
  readonly kind: EntityKind = certificates
  readonly #written: EntityOperations
  readonly #snis: EntityOperations

  constructor(options: EntityOperationsOptions) {
    const { collection } = certificates
    this.#written = new EntityOperations(
      {
        schema: writtenSchema,
        collection: {
          ...collection,
          revive: (stored) => {
            const { snis: _, ...own } = stored
            return collection.revive(own)
          },
        },
      },
      options,
    )
    this.#snis = new EntityOperations(snis, options)
  }

  async select(view: StoreView, key: string): Promise<Entity | undefined> {
    if (isUuid(key)) return view.get(certificates.collection, key.toLowerCase())
    const sni = await view.find(snis.collection, { name: key })
    if (sni === undefined) throw serverNameNotFound()
    return view.get(certificates.collection, sni.certificate.id)
  }

  async insert(transaction: StoreTransaction, input: EntityInput): Promise<Entity> {
    const names = namesIn(input)
    const entity = await this.#written.insert(transaction, input)
    await this.#setNames(transaction, entity, names)
    return entity
  }

  async upsert(transaction: StoreTransaction, key: string, input: EntityInput): Promise<Entity> {
    if (isUuid(key)) {
      const names = namesIn(input)
      const entity = await this.#written.upsert(transaction, key, input)
      await this.#setNames(transaction, entity, names)
      return entity
    }
    const fault = validateField(serverNameField, key)
    if (fault !== undefined) throw schemaViolation({ snis: fault })
    const sni = await transaction.find(snis.collection, { name: key })
    return sni === undefined
      ? this.insert(transaction, withName(input, key))
      : this.upsert(transaction, sni.certificate.id, input)
  }

  async update(
    transaction: StoreTransaction,
    existing: Entity,
    input: EntityInput,
  ): Promise<Entity> {
    const names = namesIn(input)
    const entity = await this.#written.update(transaction, existing, input)
    await this.#setNames(transaction, entity, names)
    return entity
  }

  async remove(transaction: StoreTransaction, existing: Entity): Promise<void> {
    await transaction.remove(certificates.collection, existing.id)
  }

  async show(view: StoreView, entities: readonly Entity[]): Promise<readonly unknown[]> {
    const shown: unknown[] = []
    for (const entity of entities) {
      const names = (await namesOf(view, entity)).map(({ name }) => name)
      shown.push({ ...entity, snis: names.toSorted() })
    }
    return shown
  }

  /** Makes these the names of the certificate; undefined leaves them as they are. */
  async #setNames(
    transaction: StoreTransaction,
    { id }: Entity,
    names: readonly string[] | undefined,
  ): Promise<void> {
    if (names === undefined) return
    const wanted = new Set(names)
    for (const sni of await namesOf(transaction, { id })) {
      // What remains is what has to be added.
      if (!wanted.delete(sni.name)) await transaction.remove(snis.collection, sni.id)
    }
    for (const name of wanted) {
      const owner = await transaction.find(snis.collection, { name })
      if (owner !== undefined) {
        throw schemaViolation({
          snis: `${name} already associated with existing certificate '${owner.certificate.id}'`,
        })
      }
      await this.#snis.insert(transaction, { fields: { name, certificate: { id } }, isForm: false })
    }
  }
}

async function namesOf(view: StoreView, { id }: { readonly id: string }): Promise<readonly Sni[]> {
  return listWhere(view, snis.collection, referringTo('certificate', id))
}

/** The names as they were given, with the types of their field; undefined = not given. */
function givenNames({ fields, isForm }: EntityInput): unknown {
  if (!Object.hasOwn(fields, 'snis')) return undefined
  const { snis: given = null } = fields
  return isForm ? inferForm({ fields: { snis: namesField } }, { snis: given })['snis'] : given
}

/** undefined = not given. What is no name is left out: the schema refuses it. */
function namesIn(input: EntityInput): readonly string[] | undefined {
  const given = givenNames(input)
  if (given === undefined) return undefined
  return Array.isArray(given) ? given.filter((name) => typeof name === 'string') : []
}

/** The input with one more name, unless its names are wrong anyway. */
function withName(input: EntityInput, name: string): EntityInput {
  if (validateField(namesField, givenNames(input)) !== undefined) return input
  return withFields(input, { snis: [...new Set([...(namesIn(input) ?? []), name])] })
}
