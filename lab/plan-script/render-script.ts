import { join } from 'node:path'
import type { LabPlan } from '#lab/topology/plan.ts'
import { interceptionSection, type FirewallName } from './interception-steps.ts'
import { networkSections } from './network-steps.ts'
import { entitySection, processSection } from './process-steps.ts'
import { word, type Section } from './step.ts'

export interface ScriptOptions {
  /** Where the product's own files are. */
  readonly root: string
  readonly firewall: FirewallName
}

/** A lab as a shell script that builds the same one without the lab's own code: `sh FILE up`, `sh FILE down`. */
export function renderScript(plan: LabPlan, { root, firewall }: ScriptOptions): string {
  const { network, interception, processes, entities } = plan
  const sections = [
    ...networkSections(network),
    ...(plan.bare ? [] : [interceptionSection(interception, firewall)]),
    ...(processes.length === 0 ? [] : [processSection(plan)]),
    ...(entities === undefined ? [] : [entitySection(entities, processes)]),
  ].filter(({ steps }) => steps.length > 0)
  return [
    ...heading(plan),
    `PATH=${word(join(root, 'core/bin'))}:$PATH`,
    `namespaces=${word(network.namespaces.map(({ name }) => name).join(' '))}`,
    `folder=\${MESHYARD_RUN:-$PWD/${plan.topology}-run}`,
    '',
    ...functions,
    '',
    'up() {',
    ...guards,
    ...sections.flatMap(renderSection),
    '}',
    '',
    ...teardown,
    '',
    'case ${1-} in',
    '  up) up ;;',
    '  down) down ;;',
    '  *) echo "Usage: sh ${0##*/} up|down" >&2; exit 2 ;;',
    'esac',
    '',
  ].join('\n')
}

function heading({ topology, network, processes }: LabPlan): readonly string[] {
  const { namespaces, links } = network
  return [
    '#!/bin/sh',
    `# The lab ${topology}: ${namespaces.length} namespaces, ${links.length} links, ${processes.length} processes.`,
    '#',
    '# Builds it as root with ip, sysctl, a firewall tool and curl alone; "down" takes it away again. So that the host',
    '# never sees any of it, and all of it is gone when the shell ends:',
    '#',
    '#   unshare --mount --net --pid --fork --kill-child --mount-proc \\',
    "#     sh -c 'mount -t tmpfs none /run && sh FILE up && exec bash'",
    '#',
    '# What the processes write goes to a folder below the current one, or to $MESHYARD_RUN.',
    'set -eu',
    '',
  ]
}

const functions: readonly string[] = [
  '# Waits for something for at most twenty seconds: until_true WHAT COMMAND …',
  'until_true() {',
  '  what=$1 tries=200',
  '  shift',
  '  until "$@" > /dev/null 2>&1; do',
  '    tries=$((tries - 1))',
  '    [ "$tries" -gt 0 ] || { echo "$what does not come; see $folder" >&2; exit 1; }',
  '    sleep 0.1',
  '  done',
  '}',
  '',
  '# until_listening NAMESPACE ADDRESS PORT',
  'until_listening() {',
  '  until_true "A listener on $2 port $3 in $1" \\',
  '    sh -c \'ip netns exec "$1" ss -Hltn "src $2:$3" | grep -q .\' sh "$@"',
  '}',
  '',
  '# until_logged FILE TEXT',
  'until_logged() { until_true "\\"$2\\" in $1" grep -q "$2" "$1"; }',
]

const guards: readonly string[] = [
  '# Nothing of somebody else is touched.',
  'for namespace in $namespaces; do',
  '  [ ! -e "/run/netns/$namespace" ] || { echo "There is a namespace $namespace already" >&2; exit 1; }',
  'done',
  'mkdir "$folder"',
  'cd "$folder"',
]

/** Links, addresses, routes and rules end with the namespace they are in. */
const teardown: readonly string[] = [
  'down() {',
  '  # Processes first: a namespace lives as long as something runs in it.',
  '  for signal in TERM KILL; do',
  '    for namespace in $namespaces; do',
  '      for pid in $(ip netns pids "$namespace" 2> /dev/null); do',
  '        kill -s "$signal" "$pid" 2> /dev/null || true',
  '      done',
  '    done',
  '    tries=50',
  '    while [ "$tries" -gt 0 ] && running; do',
  '      tries=$((tries - 1))',
  '      sleep 0.1',
  '    done',
  '  done',
  '  # Links, addresses, routes and rules end with their namespace.',
  '  for namespace in $namespaces; do',
  '    [ ! -e "/run/netns/$namespace" ] || ip netns delete "$namespace"',
  '  done',
  '  rm -rf "$folder"',
  '}',
  '',
  'running() {',
  '  for namespace in $namespaces; do',
  '    [ -z "$(ip netns pids "$namespace" 2> /dev/null)" ] || return 0',
  '  done',
  '  return 1',
  '}',
]

function renderSection({ title, steps }: Section): readonly string[] {
  return [
    '',
    `# ---- ${title} ----`,
    ...steps.flatMap(({ why, commands }) => ['', `# ${why}`, ...commands]),
  ]
}
