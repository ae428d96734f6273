import { MeshError } from '#core/base/errors.ts'
import { prefixOption, textOption, type Command } from '#core/cli/command.ts'
import { findNode, findPrefix, isGoneWithin, type FoundNode } from '#core/cli/find-node.ts'

/** A node ends by itself within 3 s of SIGTERM. */
const stopWithinMs = 10_000

export const stop: Command = {
  usage: 'stop [OPTIONS]',
  summary: 'Stop a running Kong node at once.',
  options: { prefix: prefixOption },
  run: async (args, context) => {
    await stopNode(findNode(findPrefix(context, textOption(args, 'prefix'))))
    context.output.line('Kong stopped')
    return 0
  },
}

/** Resolves when the process is gone. */
export async function stopNode(node: FoundNode): Promise<void> {
  process.kill(node.pid, 'SIGTERM')
  if (!(await isGoneWithin(node, stopWithinMs))) {
    throw new MeshError(
      'not-stopped',
      `Kong in ${node.prefix} did not stop within ${stopWithinMs / 1000} s: end process ${node.pid} with SIGKILL`,
    )
  }
}
