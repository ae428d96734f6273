import type { StringField } from '#core/kong/schema/field.ts'

/** Name of a header field, by the letters that Kong 1.1 allows in one. */
export const headerNameField: StringField = { type: 'string', check: checkHeaderName }

function checkHeaderName(name: string): string | undefined {
  return /^[A-Za-z0-9_-]+$/.test(name)
    ? undefined
    : `bad header name '${name}', allowed characters are A-Z, a-z, 0-9, '_', and '-'`
}
