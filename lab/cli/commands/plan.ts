import { UsageError, type Console } from '#lab/cli/command.ts'
import { parseFormat } from '#lab/cli/output-format.ts'
import { findTarget, nameOption, parseArguments } from '#lab/cli/parse-arguments.ts'
import { firewalls, type FirewallName } from '#lab/plan-script/interception-steps.ts'
import { renderScript } from '#lab/plan-script/render-script.ts'
import { projectRoot } from '#lab/run/home.ts'
import { findTopology } from '#lab/topology/find-topology.ts'
import { planLab } from '#lab/topology/plan.ts'

/**
 * `meshyard plan [TOPOLOGY] [--bare] [--firewall nft|iptables] [-o sh|json]`: the whole lab as a shell script, or as the
 * data that a lab is brought up from. With `--state` the hash of what such a script has built.
 */
export async function plan(args: readonly string[], console: Console): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    options: {
      ...nameOption,
      bare: { type: 'boolean', default: false },
      firewall: { type: 'string', default: 'nft' },
      output: { type: 'string', short: 'o' },
      state: { type: 'boolean', default: false },
    },
    positionals: 1,
  })
  const usual = values.state ? 'hash' : 'sh'
  const output = parseFormat(values.output ?? usual, [usual, 'json'])
  const firewall = parseFirewall(values.firewall)
  const topology = await findTopology(positionals[0])
  const compiled = planLab(topology, {
    ...findTarget(values.name, console),
    root: projectRoot,
    node: process.execPath,
    bare: values.bare,
  })
  const { stdout } = console
  if (values.state) {
    const { readNamedState } = await import('#lab/state/read-named-state.ts')
    const state = readNamedState(compiled.network)
    stdout.write(output === 'hash' ? `${state.hash}\n` : renderJson(state))
    return 0
  }
  stdout.write(
    output === 'sh'
      ? renderScript(compiled, { root: projectRoot, firewall })
      : renderJson(compiled),
  )
  return 0
}

function parseFirewall(text: string): FirewallName {
  const found = firewalls.find((name) => name === text)
  if (found === undefined) {
    throw new UsageError(`"${text}" is no firewall: use ${firewalls.join(' or ')}.`)
  }
  return found
}

function renderJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
