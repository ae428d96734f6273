import type { StringField } from '#core/kong/schema/field.ts'

/** An HTTP address to send something to. */
export const urlField: StringField = {
  type: 'string',
  check: (text) => {
    const url = URL.parse(text)
    if (url === null || url.hostname === '') return 'missing host in url'
    return url.protocol === 'http:' || url.protocol === 'https:'
      ? undefined
      : `the scheme of '${text}' must be http or https`
  },
}
