import { takeDown } from '#lab/client/take-down.ts'
import type { Console } from '#lab/cli/command.ts'
import { findTarget, nameOption, parseArguments } from '#lab/cli/parse-arguments.ts'

/** `meshyard down [--name NAME]`: 0 when nothing of the lab is left, also when nothing was there. */
export async function down(args: readonly string[], console: Console): Promise<number> {
  const { values } = parseArguments(args, { options: nameOption, positionals: 0 })
  const { name, folder } = findTarget(values.name, console)
  const was = await takeDown(folder)
  console.stdout.write(
    {
      up: `The lab ${name} is down.\n`,
      stale: `The lab ${name} had ended; its run folder is removed.\n`,
      nothing: `No lab named ${name} is up.\n`,
    }[was],
  )
  return 0
}
