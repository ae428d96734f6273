import type { FilterReply } from '#core/model/http-filter.ts'

/** A plugin's own answer. Kong 1.1, `kong.response.exit`. */
export function jsonReply(
  status: number,
  body: Readonly<Record<string, unknown>>,
  headers: NonNullable<FilterReply['headers']> = [],
): FilterReply {
  return {
    status,
    headers: [['Content-Type', 'application/json; charset=utf-8'], ...headers],
    body: JSON.stringify(body),
  }
}

/** An answer whose body is `{"message":…}`. */
export function messageReply(
  status: number,
  message: string,
  headers?: FilterReply['headers'],
): FilterReply {
  return jsonReply(status, { message }, headers)
}
