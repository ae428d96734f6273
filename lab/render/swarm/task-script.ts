import { renderNft } from '#netns/firewall/nft.ts'
import { word, words } from '#lab/plan-script/step.ts'
import { nodeFolder } from '#lab/render/adapt-process.ts'
import { entitiesCommands, entitiesEnvironment } from '#lab/render/entities-script.ts'
import { interceptionCommands } from '#lab/render/interception-script.ts'
import { store } from '#lab/render/store.ts'
import type { ImageOptions, Workload, WorkloadProcess } from '#lab/render/workload.ts'

/**
 * The script of bash that is all of a task: it loads the rules, starts the sidecar and the processes of the service, and
 * ends when the first of them does.
 */
export function taskScript({ kind, processes, sidecar }: Workload): string {
  const isNode = kind === 'control-plane'
  return lines([
    `mkdir -p ${nodeFolder}`,
    ...(sidecar === undefined
      ? []
      : [
          '# Before anything runs that could get past the sidecar.',
          ...interceptionCommands(sidecar, hereDocument('nft -f -', renderNft(sidecar.ruleSet))),
          background(nodeCommand(sidecar.process)),
        ]),
    ...processes.map((process) =>
      background(isNode ? nodeCommand(process) : serviceCommand(process, sidecar !== undefined)),
    ),
    ...(processes.length === 0 ? [background('sleep infinity')] : []),
    'wait -n',
    'exit 1',
  ])
}

/** The script that prepares the store, puts the entities in, and is done. */
export function entitiesScript(kongFile: string, { root }: Pick<ImageOptions, 'root'>): string {
  const file = `${nodeFolder}/kong.yml`
  return lines([
    `mkdir -p ${nodeFolder}`,
    hereDocument(`cat >${file}`, kongFile),
    ...Object.entries({ ...entitiesEnvironment }).map(
      ([key, value]) => `export ${key}=${word(value)}`,
    ),
    `export ${password}`,
    ...entitiesCommands({ root, file }),
  ])
}

const password = `KONG_PG_PASSWORD="$(cat /run/secrets/${store.secret})"`

/** The service beside it does not learn the password. */
function nodeCommand({ argv, environment }: WorkloadProcess): string {
  return [...assignments(environment), password, words(argv)].join(' ')
}

const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--']

/** Where there is a sidecar the task is root's, and its service is not to be. */
function serviceCommand({ argv, environment }: WorkloadProcess, besideSidecar: boolean): string {
  return [...assignments(environment), words([...(besideSidecar ? asNobody : []), ...argv])].join(
    ' ',
  )
}

function assignments(environment: WorkloadProcess['environment']): readonly string[] {
  return Object.entries(environment).map(([key, value]) => `${key}=${word(value)}`)
}

function background(command: string): string {
  return `${command} &`
}

/** Nothing in it is expanded. */
function hereDocument(command: string, text: string): string {
  return `${command} <<'END'\n${text.trimEnd()}\nEND`
}

function lines(commands: readonly string[]): string {
  return `${commands.join('\n')}\n`
}
