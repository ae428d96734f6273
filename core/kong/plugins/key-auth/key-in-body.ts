import { argumentValues, withoutArgument } from '#core/kong/plugins/query-arguments.ts'
import { isRecord } from '#core/kong/schema/plain-record.ts'
import { parseMultipart } from '#core/rest/multipart.ts'

/** The arguments in a request's body. */
export interface BodyArguments {
  values(name: string): readonly unknown[]
  /** The body without one of them. */
  without(name: string): Uint8Array
}

/** Reads a form, JSON object or multipart body; undefined = it is none of them. */
export function readBodyArguments(
  body: Buffer,
  contentType: string | undefined,
): BodyArguments | undefined {
  const [type = ''] = (contentType ?? '').split(';', 1)
  switch (type.trim().toLowerCase()) {
    case 'application/x-www-form-urlencoded': {
      const text = body.toString('latin1')
      return {
        values: (name) => argumentValues(text, name),
        without: (name) => Buffer.from(withoutArgument(text, name), 'latin1'),
      }
    }
    case 'application/json': {
      const object = parseObject(body)
      return (
        object && {
          values: (name) => (Object.hasOwn(object, name) ? [object[name]].flat() : []),
          without: (name) => {
            const { [name]: _, ...rest } = object
            return Buffer.from(JSON.stringify(rest))
          },
        }
      )
    }
    case 'multipart/form-data': {
      const pairs = parseMultipart(body, contentType ?? '')
      return (
        pairs && {
          values: (name) => pairs.flatMap((pair) => (pair.name === name ? [pair.value] : [])),
          without: (name) => withoutPart(body, name),
        }
      )
    }
    default:
      return undefined
  }
}

function parseObject(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Cuts the parts of this name out of a body that has proved to be multipart. */
function withoutPart(body: Buffer, name: string): Uint8Array {
  const lineEnd = body.indexOf('\r\n', body.indexOf('--'))
  const delimiter = body.subarray(body.indexOf('--'), lineEnd)
  const separator = Buffer.concat([Buffer.from('\r\n'), delimiter])
  const kept: Buffer[] = [body.subarray(0, lineEnd)]
  const boundary = delimiter.subarray(2).toString('latin1').trimEnd()
  let start = lineEnd
  for (;;) {
    const next = body.indexOf(separator, start)
    if (next === -1) break
    const end = Math.min(body.length, next + separator.length)
    const alone = Buffer.concat([delimiter, body.subarray(start, end), Buffer.from('--\r\n')])
    const [pair] = parseMultipart(alone, `x; boundary="${boundary}"`) ?? []
    if (pair?.name !== name) kept.push(body.subarray(start, end))
    start = end
  }
  return Buffer.concat([...kept, body.subarray(start)])
}
