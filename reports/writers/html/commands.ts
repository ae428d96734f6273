import type { CommandRecord } from '#reports/record/record.ts'
import { quote } from '#reports/record/shell-quote.ts'
import { renderDuration } from '#reports/writers/duration.ts'
import { commandLine } from './command-line.ts'
import { html, type Markup } from './markup.ts'
import { textBlock } from './text-block.ts'

/** The commands of a scenario in order, each as it would be typed to run it in a lab, with what it answered. */
export function commandList(commands: readonly CommandRecord[], limit: number): Markup | undefined {
  if (commands.length === 0) return undefined
  return html`<section>
    <h4>Commands</h4>
    <ol class="commands">
      ${commands.map((command) => oneCommand(command, limit))}
    </ol>
  </section>`
}

function oneCommand(command: CommandRecord, limit: number): Markup {
  const { node, argv, exitCode, stdout, stderr, durationMs } = command
  const typed = argv.map(quote).join(' ')
  const end = exitCode === null ? 'no exit code' : `exit code ${exitCode}`
  const output = (label: string, text: string): Markup | undefined =>
    text === ''
      ? undefined
      : html`<p class="label">${label}</p>
          ${textBlock(text, { label: `${label} of ${typed}`, limit, file: undefined })}`
  return html`<li>
    ${commandLine(`npm run lab:exec -- ${quote(node)} ${typed}`)}
    <p class="facts">
      <span class="node">${node}</span> <span class="${exitCode === 0 || exitCode === null ? 'ok' : 'bad'}">${end}</span>
      <span>${renderDuration(durationMs)}</span>
    </p>
    ${output('stdout', stdout)}${output('stderr', stderr)}
  </li>`
}
