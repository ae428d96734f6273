import { text } from 'node:stream/consumers'
import { describeFault } from '#lab/run/lab-error.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { runCampaign } from './campaign.ts'
import { enterGroups } from './control-groups.ts'
import { groupOf } from './memory-group.ts'
import { renderCampaign } from './render-campaign.ts'
import { parseCampaignArguments } from './parse-campaign-arguments.ts'

/** The campaign itself; `main.ts` runs it in surroundings of its own. */
const [home = '', ...args] = process.argv.slice(2)
const options = parseCampaignArguments(args)
let done = 0

/** In place on a terminal, a line now and then elsewhere. */
function tellProgress(): void {
  const told = `${done} of ${options.moments} moments`
  if (process.stderr.isTTY) process.stderr.write(`\r${told} `)
  else if (done % 25 === 0) process.stderr.write(`${told}\n`)
}

enterGroups(groupOf(home))
const topology: Topology = JSON.parse(await text(process.stdin))
const result = await runCampaign({
  ...options,
  topology,
  home,
  onTrial: ({ moment, faults }) => {
    done += 1
    tellProgress()
    if (faults.length > 0) {
      process.stderr.write(
        `moment ${moment.index} (${moment.harm}, ${moment.phase}): ${faults.join('; ')}\n`,
      )
    }
  },
}).catch((error: unknown) => {
  process.stderr.write(`Error: ${describeFault(error)}\n`)
  process.exit(1)
})
if (process.stderr.isTTY) process.stderr.write('\r')
process.stdout.write(renderCampaign(result, options))
// Others' processes are still there, and end with this one.
process.exit(result.results.some(({ faults }) => faults.length > 0) ? 1 : 0)
