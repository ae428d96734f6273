import { definePlugin } from '#core/kong/plugins/plugin.ts'
import {
  changeList,
  nameList,
  parseChanges,
  type ChangeLists,
} from '#core/kong/plugins/transformation/change.ts'
import { changeHeaders } from '#core/kong/plugins/transformation/change-headers.ts'
import { webPluginRules } from '#core/kong/plugins/web-plugin-rules.ts'
import type { RecordField } from '#core/kong/schema/field.ts'
import { openJsonTransform } from './json-transform.ts'

type Part = 'json' | 'headers'

type ResponseTransformerConfig = Readonly<
  Record<'remove' | 'replace' | 'add' | 'append', Readonly<Record<Part, readonly string[]>>>
>

const names: RecordField = {
  type: 'record',
  required: true,
  fields: { json: nameList, headers: nameList },
}
const changes: RecordField = {
  type: 'record',
  required: true,
  fields: { json: changeList, headers: changeList },
}

/** Changes answers on their way to the client, whoever gave them. Kong 1.1, "Response Transformer". */
export const responseTransformer = definePlugin<ResponseTransformerConfig>({
  ...webPluginRules,
  name: 'response-transformer',
  priority: 800,
  config: { fields: { remove: names, replace: changes, add: changes, append: changes } },
  openHttp: (config) => {
    const ofHeaders = parseChanges(listsOf(config, 'headers'))
    const ofJson = parseChanges(listsOf(config, 'json'))
    return {
      responseHead: ({ response }) => {
        if (response === undefined) return
        if (ofHeaders !== undefined) changeHeaders(response.headers, ofHeaders)
        const type = response.headers.get('Content-Type')?.toLowerCase() ?? ''
        if (ofJson !== undefined && type.includes('application/json')) {
          response.transformBody(openJsonTransform(ofJson))
        }
      },
    }
  },
})

function listsOf(config: ResponseTransformerConfig, part: Part): ChangeLists {
  return {
    remove: config.remove[part],
    replace: config.replace[part],
    add: config.add[part],
    append: config.append[part],
  }
}
