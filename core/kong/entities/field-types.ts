import type {
  BooleanField,
  ListField,
  NumberField,
  RecordField,
  StringField,
} from '#core/kong/schema/field.ts'
import { checkHost, checkServerName } from './host-name.ts'
import { checkIpv4Block } from './ip-block.ts'
import { checkPath } from './uri-path.ts'

export const idField: StringField = { type: 'string', uuid: true, auto: 'uuid' }

export const createdAtField: NumberField = { type: 'integer', timestamp: true, auto: 'created' }

export const updatedAtField: NumberField = { type: 'integer', timestamp: true, auto: 'updated' }

export const nameField: StringField = { type: 'string', unique: true, check: checkLabel }

export const tagsField: ListField = { type: 'set', elements: { type: 'string', check: checkLabel } }

function checkLabel(text: string): string | undefined {
  return /^[A-Za-z0-9.\-_~]+$/.test(text)
    ? undefined
    : `invalid value '${text}': it must only contain alphanumeric and '., -, _, ~' characters`
}

export const protocolField: StringField = {
  type: 'string',
  oneOf: ['http', 'https', 'tcp', 'tls'],
}

export const hostField: StringField = { type: 'string', check: checkHost }

export const serverNameField: StringField = { type: 'string', check: checkServerName }

export const portField: NumberField = { type: 'integer', between: [0, 65535] }

export const pathField: StringField = {
  type: 'string',
  startsWith: '/',
  matchNone: [{ pattern: /\/\//, fault: 'must not have empty segments' }],
  check: checkPath,
}

/** In ms. */
export const timeoutField: NumberField = {
  type: 'integer',
  between: [1, 2_147_483_646],
  default: 60_000,
}

export function flag(byDefault: boolean): BooleanField {
  return { type: 'boolean', default: byDefault }
}

/** Where a connection comes from or goes to. */
export const endpointField: RecordField = {
  type: 'record',
  fields: {
    ip: { type: 'string', check: checkIpv4Block },
    port: portField,
  },
  checks: [{ kind: 'at-least-one-of', fields: ['ip', 'port'] }],
}
