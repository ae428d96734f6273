import { definePlugin } from '#core/kong/plugins/plugin.ts'
import {
  changeList,
  nameList,
  parseChanges,
  type ChangeLists,
} from '#core/kong/plugins/transformation/change.ts'
import { changeArguments } from '#core/kong/plugins/transformation/change-arguments.ts'
import { webPluginRules } from '#core/kong/plugins/web-plugin-rules.ts'
import type { RecordField } from '#core/kong/schema/field.ts'
import type { HttpExchange } from '#core/model/http-filter.ts'
import { changeBody, moveFormToQuery } from './change-body.ts'
import { compileHeaderChanges } from './change-request-headers.ts'

type Part = 'headers' | 'querystring' | 'body'

type RequestTransformerConfig = Readonly<
  Record<
    'remove' | 'rename' | 'replace' | 'add' | 'append',
    Readonly<Record<Part, readonly string[]>>
  >
> & {
  readonly http_method: string | null
}

const names: RecordField = {
  type: 'record',
  required: true,
  fields: { body: nameList, headers: nameList, querystring: nameList },
}
const changes: RecordField = {
  type: 'record',
  required: true,
  fields: { body: changeList, headers: changeList, querystring: changeList },
}

/** Changes requests on their way to the upstream. Kong 1.1, "Request Transformer". */
export const requestTransformer = definePlugin<RequestTransformerConfig>({
  ...webPluginRules,
  name: 'request-transformer',
  priority: 801,
  config: {
    fields: {
      http_method: { type: 'string', match: /^[A-Z]+$/ },
      remove: names,
      rename: changes,
      replace: changes,
      add: changes,
      append: changes,
    },
  },
  openHttp: (config, host) => {
    const ofHeaders = compileHeaderChanges(listsOf(config, 'headers'))
    const ofQuery = parseChanges(listsOf(config, 'querystring'))
    const ofBody = parseChanges(listsOf(config, 'body'))
    const { http_method: method } = config
    const movesForm = method !== null && ['GET', 'HEAD', 'TRACE'].includes(method)
    const finish = ({ request }: HttpExchange): void => {
      ofHeaders?.(request)
      if (ofQuery !== undefined) {
        const query = changeArguments(request.query.slice(1), ofQuery)
        request.query = query === '' ? '' : `?${query}`
      }
    }
    return {
      access: (exchange) => {
        const { request } = exchange
        if (method !== null) request.method = method
        const moved = movesForm ? moveFormToQuery(exchange) : undefined
        if (moved === undefined && ofBody === undefined) {
          finish(exchange)
          return
        }
        return (async () => {
          await moved
          if (ofBody !== undefined) await changeBody(exchange, ofBody, host)
          if (!exchange.answered) finish(exchange)
        })()
      },
    }
  },
})

function listsOf(config: RequestTransformerConfig, part: Part): ChangeLists {
  return {
    remove: config.remove[part],
    rename: config.rename[part],
    replace: config.replace[part],
    add: config.add[part],
    append: config.append[part],
  }
}
