import { parseArgs } from 'node:util'

export interface Options {
  /** Ids of mutants; undefined = all. */
  readonly only: readonly string[] | undefined
  readonly action: 'mutate' | 'list' | 'self-check'
  readonly json: boolean
  /** How many mutants are tried at the same moment. */
  readonly atOnce: 1 | 2
}

export const usage = `usage: node scenarios/mutate/main.ts [--only ID]… [--list] [--json] [--one-at-a-time] [--self-check]`

/** @throws {TypeError} For arguments it does not know. */
export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', multiple: true },
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      'one-at-a-time': { type: 'boolean', default: false },
      'self-check': { type: 'boolean', default: false },
    },
  })
  if (values.list && values['self-check']) {
    throw new TypeError('--list and --self-check exclude each other.')
  }
  return {
    only: values.only?.flatMap((ids) => ids.split(',')),
    action: values.list ? 'list' : values['self-check'] ? 'self-check' : 'mutate',
    json: values.json,
    atOnce: values['one-at-a-time'] ? 1 : 2,
  }
}
