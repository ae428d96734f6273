import { flag } from '#core/kong/entities/field-types.ts'
import { messageReply } from '#core/kong/plugins/json-reply.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import type { HttpExchange } from '#core/model/http-filter.ts'
import { acls } from './acls.ts'

export interface AclConfig {
  readonly whitelist: readonly string[] | null
  readonly blacklist: readonly string[] | null
  readonly hide_groups_header: boolean
}

const groupList = { type: 'array', elements: { type: 'string' } } as const

/** Lets consumers pass by the groups they are in. Kong 1.1, "ACL". */
export const acl = definePlugin<AclConfig>({
  name: 'acl',
  priority: 950,
  version: '1.0.0',
  runOn: ['first'],
  protocols: ['http', 'https'],
  unbound: ['consumer'],
  config: {
    fields: { whitelist: groupList, blacklist: groupList, hide_groups_header: flag(false) },
    checks: [
      { kind: 'only-one-of', fields: ['whitelist', 'blacklist'] },
      { kind: 'at-least-one-of', fields: ['whitelist', 'blacklist'] },
    ],
  },
  kinds: [acls],
  openHttp(config, host) {
    const judge = chooseJudge(config)
    return {
      access: (exchange) => {
        const { principal, request } = exchange
        if (principal === undefined) {
          host.log(
            'error',
            'Cannot identify the consumer, add an authentication plugin to use the ACL plugin',
          )
          refuse(exchange)
          return
        }
        const groups = host.entities
          .findAll(acls, 'consumer', principal.id)
          .map(({ group }) => group)
        if (!judge(groups)) refuse(exchange)
        else if (config.hide_groups_header || groups.length === 0) {
          // The upstream trusts this header: what the client says in it must not pass.
          request.headers.remove('X-Consumer-Groups')
        } else request.headers.set('X-Consumer-Groups', groups.join(', '))
      },
    }
  },
})

/** Says whether somebody in these groups may pass. */
function chooseJudge({ whitelist, blacklist }: AclConfig): (groups: readonly string[]) => boolean {
  const black = blacklist !== null && blacklist.length > 0
  const listed = new Set(black ? blacklist : whitelist)
  return (groups) => groups.some((group) => listed.has(group)) !== black
}

function refuse(exchange: HttpExchange): void {
  exchange.answer(messageReply(403, 'You cannot consume this service'))
}
