import { messageReply } from '#core/kong/plugins/json-reply.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import { compileUserPattern, isUserPattern } from '#core/kong/plugins/user-pattern.ts'
import { webPluginRules } from '#core/kong/plugins/web-plugin-rules.ts'
import { wireText } from '#core/kong/plugins/wire-text.ts'
import type { ListField } from '#core/kong/schema/field.ts'
import { isKnownBot } from './known-bots.ts'

interface BotDetectionConfig {
  /** Regular expressions; the first list that matches decides. */
  readonly whitelist: readonly string[] | null
  readonly blacklist: readonly string[] | null
}

const patterns: ListField = {
  type: 'array',
  elements: {
    type: 'string',
    check: (text) => (isUserPattern(text) ? undefined : `not a valid regex: ${text}`),
  },
}

/** Keeps out clients that say they are programs. Kong 1.1, "Bot Detection". */
export const botDetection = definePlugin<BotDetectionConfig>({
  ...webPluginRules,
  name: 'bot-detection',
  priority: 2500,
  unbound: ['consumer'],
  config: { fields: { whitelist: patterns, blacklist: patterns } },
  openHttp: (config) => {
    const wanted = (config.whitelist ?? []).map(compileUserPattern)
    const unwanted = (config.blacklist ?? []).map(compileUserPattern)
    const isRefused = remembered((agent) => {
      if (wanted.some((pattern) => pattern.test(agent))) return false
      return unwanted.some((pattern) => pattern.test(agent)) || isKnownBot(agent)
    })
    return {
      access: (exchange) => {
        const agents = exchange.request.headers.getAll('User-Agent')
        const [agent] = agents
        if (agents.length > 1) {
          exchange.answer(messageReply(400, 'Only one User-Agent header allowed'))
        } else if (agent !== undefined && isRefused(wireText(agent.trim()))) {
          exchange.answer(messageReply(403, 'Forbidden'))
        }
      },
    }
  },
})

const mostRemembered = 1000
const longestRemembered = 512

/** Clients are few, requests many. What is longest known is forgotten first. */
function remembered(judge: (text: string) => boolean): (text: string) => boolean {
  const known = new Map<string, boolean>()
  return (text) => {
    const verdict = known.get(text) ?? judge(text)
    if (!known.has(text) && text.length <= longestRemembered) {
      const [oldest] = known.keys()
      if (known.size >= mostRemembered && oldest !== undefined) known.delete(oldest)
      known.set(text, verdict)
    }
    return verdict
  }
}
