import { word } from '#lab/plan-script/step.ts'
import type { Sidecar } from './workload.ts'

/** Commands that lead traffic into the sidecar of the namespace they run in; they may run again. */
export function interceptionCommands(
  { routes, policyRules }: Pick<Sidecar, 'routes' | 'policyRules'>,
  loadRules: string,
): readonly string[] {
  return [
    loadRules,
    ...policyRules.flatMap(({ family, mark, table, priority, reason }) => {
      const rule = `fwmark ${mark} lookup ${table} priority ${priority}`
      return [
        `# ${reason}.`,
        `ip -${family} rule del ${rule} 2>/dev/null || true`,
        `ip -${family} rule add ${rule}`,
      ]
    }),
    ...routes.map(
      ({ family, type, destination, interface: device, table }) =>
        `ip -${family} route replace ${type} ${destination} dev ${word(device ?? 'lo')} table ${table}`,
    ),
  ]
}
