import { isIPv6 } from 'node:net'
import { addressSet } from '#core/base/cidr.ts'
import { checkIpv4Block } from '#core/kong/entities/ip-block.ts'
import { messageReply } from '#core/kong/plugins/json-reply.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import { webPluginRules } from '#core/kong/plugins/web-plugin-rules.ts'
import type { ListField } from '#core/kong/schema/field.ts'

interface IpRestrictionConfig {
  /** Addresses and CIDR blocks. */
  readonly whitelist: readonly string[] | null
  readonly blacklist: readonly string[] | null
}

const blocks: ListField = { type: 'array', elements: { type: 'string', check: checkBlock } }

/** Lets pass, or keeps out, by the client's address. Kong 1.1, "IP Restriction"; IPv6 is known as well. */
export const ipRestriction = definePlugin<IpRestrictionConfig>({
  ...webPluginRules,
  name: 'ip-restriction',
  priority: 990,
  config: {
    fields: { whitelist: blocks, blacklist: blocks },
    checks: [
      { kind: 'only-one-of', fields: ['whitelist', 'blacklist'] },
      { kind: 'at-least-one-of', fields: ['whitelist', 'blacklist'] },
    ],
  },
  openHttp: ({ whitelist, blacklist }) => {
    const wanted = whitelist?.length ? addressSet(whitelist) : undefined
    const unwanted = addressSet(blacklist ?? [])
    return {
      access: (exchange) => {
        const { address } = exchange.client
        if (unwanted.has(address) || wanted?.has(address) === false) {
          exchange.answer(messageReply(403, 'Your IP address is not allowed'))
        }
      },
    }
  },
})

function checkBlock(text: string): string | undefined {
  const [address = '', ...length] = text.split('/')
  if (!isIPv6(address)) return checkIpv4Block(text)
  try {
    addressSet([text])
    return undefined
  } catch {
    return `invalid cidr range: Invalid prefix: /${length.join('/')}`
  }
}
