import type { Consumer } from '#core/kong/entities/consumer.ts'
import type { HttpFilter } from '#core/model/http-filter.ts'
import {
  sampleExchange,
  type SampleExchange,
  type SampleOptions,
  type SampleOutcome,
} from '#core/kong/plugins/exchange-sample.ts'

export const bob: Consumer = {
  id: '6b1d0e3c-0000-4000-8000-0000000000b0',
  created_at: 1,
  username: 'bob',
  custom_id: 'bob-1',
  tags: null,
}

/** Has no custom id. */
export const anybody: Consumer = {
  id: '6b1d0e3c-0000-4000-8000-0000000000a0',
  created_at: 1,
  username: 'anybody',
  custom_id: null,
  tags: null,
}

export const ofBob = { created_at: 1, consumer: { id: bob.id } } as const

/** Takes a request through filters. */
export async function request(
  filters: HttpFilter | readonly HttpFilter[],
  options: SampleOptions = {},
): Promise<{ readonly exchange: SampleExchange; readonly outcome: SampleOutcome }> {
  const exchange = sampleExchange(options)
  return { exchange, outcome: await exchange.pass([filters].flat()) }
}

/** Status and message of an answer, as `401 Unauthorized`. */
export function gist({ status, body }: SampleOutcome): string {
  const text = body.toString()
  if (text === '') return `${status}`
  const parsed: unknown = JSON.parse(text)
  const message =
    typeof parsed === 'object' && parsed !== null && 'message' in parsed ? parsed.message : text
  return `${status} ${String(message)}`
}
