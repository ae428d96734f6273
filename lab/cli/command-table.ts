import type { CommandEntry, OptionEntry } from './command-entry.ts'
import { faultKinds } from '#lab/faults/fault-kinds.ts'
import { reportFormats } from './report-formats.ts'

const name: OptionEntry = {
  long: '--name',
  value: 'LAB',
  text: 'which lab; "default" otherwise',
  variable: 'MESHYARD_NAME',
}
const backend: OptionEntry = {
  long: '--backend',
  value: 'BACKEND',
  choices: ['namespaces', 'containers'],
  text: 'what nodes run on',
  variable: 'MESHYARD_BACKEND',
}
const proxy: OptionEntry = {
  long: '--proxy',
  value: 'PROXY',
  text: 'core, command:/path/to/kong, or image:REFERENCE in a lab of containers',
  variable: 'MESHYARD_PROXY',
}
const seconds: OptionEntry = { long: '--for', value: 'SECONDS', text: 'ends by itself' }
const bare: OptionEntry = {
  long: '--bare',
  text: 'the network alone, without interception and processes',
}
const image: OptionEntry = {
  long: '--image',
  value: 'IMAGE',
  text: 'of containers; else one that mounts the programs of this machine',
}

/** In the forms that a command has; the first is usual. */
function output(first: string, ...others: readonly string[]): OptionEntry {
  return {
    short: '-o',
    long: '--output',
    value: [first, ...others].join('|'),
    choices: [first, ...others],
    text: `how to show it; ${first} otherwise`,
  }
}

const topologies = `A TOPOLOGY is sidecars, tutorial, pods, chain:N, star:N, full:N, a file in YAML, JSON or TypeScript, or - for standard
input; without one it is meshyard.yaml (or .yml, .json, .ts) of the working directory, else sidecars.`

/** All commands, in the order of help. */
export const commandTable: readonly CommandEntry[] = [
  {
    name: 'init',
    group: 'Topologies',
    usage: '[FILE] [--from TOPOLOGY]',
    summary: 'write a topology file to start with: meshyard.yaml (default), .json or .ts',
    options: [{ long: '--from', value: 'TOPOLOGY', text: 'which one to begin with' }],
    takes: ['file'],
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    name: 'validate',
    group: 'Topologies',
    usage: '[TOPOLOGY] [-o text|json] [--schema]',
    summary: 'tell what is wrong with a topology, with line and field',
    options: [
      output('text', 'json'),
      { long: '--schema', text: 'print the JSON schema of topology files' },
    ],
    takes: ['topology'],
    details: topologies,
    load: async () => (await import('./commands/validate.ts')).validate,
  },
  {
    name: 'graph',
    group: 'Topologies',
    usage: '[TOPOLOGY | --name LAB] [-o text|mermaid|dot|svg|json]',
    summary: 'draw a topology, or a lab',
    options: [
      output('text', 'mermaid', 'dot', 'svg', 'json'),
      { long: '--name', value: 'LAB', text: 'a lab that is up, not a topology' },
    ],
    takes: ['topology'],
    details: topologies,
    load: async () => (await import('./commands/graph.ts')).graph,
  },
  {
    name: 'plan',
    group: 'Topologies',
    usage: '[TOPOLOGY] [--bare] [--firewall nft|iptables] [-o sh|json] [--state]',
    summary: 'print a lab as a shell script that builds the same one',
    options: [
      bare,
      {
        long: '--firewall',
        value: 'nft|iptables',
        choices: ['nft', 'iptables'],
        text: 'whose rules; nft otherwise',
      },
      output('sh', 'json'),
      { long: '--state', text: 'the hash of what such a script has built' },
      name,
    ],
    takes: ['topology'],
    details: topologies,
    load: async () => (await import('./commands/plan.ts')).plan,
  },
  {
    name: 'render',
    group: 'Topologies',
    usage: 'swarm|kubernetes [TOPOLOGY] [-o FILE|-] [--image IMAGE]',
    summary: 'write a topology for an engine of many machines',
    options: [
      { short: '-o', long: '--output', value: 'FILE', text: 'where to; standard output otherwise' },
      { long: '--image', value: 'IMAGE', text: 'that holds Meshyard' },
      { long: '--root', value: 'FOLDER', text: 'where Meshyard is in the image' },
      { long: '--node', value: 'FILE', text: 'where Node is in the image' },
      { long: '--mount', value: 'FOLDER', text: 'Swarm: mounted from the machine, repeatable' },
      {
        long: '--store-password-file',
        value: 'FILE',
        text: 'Kubernetes: the password of the store',
      },
    ],
    takes: [['swarm', 'kubernetes'], 'topology'],
    details: topologies,
    load: async () => (await import('./commands/render.ts')).render,
  },
  {
    name: 'up',
    group: 'Labs',
    usage: '[TOPOLOGY] [--bare] [--backend BACKEND] [--image IMAGE] [--proxy PROXY] [--key-log]',
    summary: 'bring a lab up',
    options: [
      bare,
      backend,
      image,
      proxy,
      {
        long: '--key-log',
        text: 'log TLS secrets, so that tap and capture can read what is sealed',
      },
      name,
    ],
    takes: ['topology'],
    details: `${topologies}
A proxy that is not the product's own is run as Kong 1.1: "kong start" with settings as KONG_* variables, in the foreground,
with PostgreSQL beside the Admin API as its store, which the lab brings along. It needs PostgreSQL's programs.`,
    load: async () => (await import('./commands/up.ts')).up,
  },
  {
    name: 'down',
    group: 'Labs',
    usage: '',
    summary: 'take it down and remove all it made',
    options: [name],
    takes: [],
    load: async () => (await import('./commands/down.ts')).down,
  },
  {
    name: 'reset',
    group: 'Labs',
    usage: '[-o text|json]',
    summary: 'bring it back to how it was when it had come up, and prove it',
    options: [output('text', 'json'), name],
    takes: [],
    load: async () => (await import('./commands/reset.ts')).reset,
  },
  {
    name: 'reap',
    group: 'Labs',
    usage: '',
    summary: 'remove containers that labs have left whose holder was killed',
    options: [],
    takes: [],
    load: async () => (await import('./commands/reap.ts')).reap,
  },
  {
    name: 'ps',
    group: 'Look inside',
    usage: '[-o table|json] [--state]',
    summary: 'what runs in it',
    options: [
      output('table', 'json'),
      { long: '--state', text: 'the hash of what is in its namespaces' },
      name,
    ],
    takes: [],
    load: async () => (await import('./commands/ps.ts')).ps,
  },
  {
    name: 'exec',
    group: 'Look inside',
    usage: 'NODE COMMAND …',
    summary: 'run a command in a node',
    options: [name],
    takes: ['node', 'command'],
    details: '--name stands before the node; what follows the node is the command, dashes and all.',
    load: async () => (await import('./commands/exec.ts')).exec,
  },
  {
    name: 'shell',
    group: 'Look inside',
    usage: '[NODE]',
    summary: 'open a shell in a node',
    options: [name],
    takes: ['node'],
    load: async () => (await import('./commands/exec.ts')).shell,
  },
  {
    name: 'logs',
    group: 'Look inside',
    usage: '[NODE] [-f] [-o text|json]',
    summary: 'what nodes have written',
    options: [
      { short: '-f', long: '--follow', text: 'go on as they write' },
      output('text', 'json'),
      name,
    ],
    takes: ['node'],
    load: async () => (await import('./commands/logs.ts')).logs,
  },
  {
    name: 'tap',
    group: 'Look inside',
    usage: '[NODE] [--link LINK] [--for SECONDS] [-o table|json]',
    summary: 'requests and connections as packets show them, live',
    options: [
      { long: '--link', value: 'LINK', text: 'one link alone' },
      seconds,
      output('table', 'json'),
      name,
    ],
    takes: ['node'],
    details: `A request is told on each link that it crosses, once it is answered. What TLS seals is read where the lab logs its
secrets: meshyard up --key-log.`,
    load: async () => (await import('./commands/tap.ts')).tap,
  },
  {
    name: 'capture',
    group: 'Look inside',
    usage: '[LINK] [-w FILE|-] [--decrypt] [--for SECONDS]',
    summary: 'packets of all links, or of one, as a pcapng file with TLS secrets, live',
    options: [
      {
        short: '-w',
        long: '--write',
        value: 'FILE',
        text: 'where to; LAB.pcapng otherwise, - for standard output',
      },
      { long: '--decrypt', text: 'fail where the lab does not log its TLS secrets' },
      seconds,
      name,
    ],
    takes: ['link'],
    details: 'To watch it at once: meshyard capture -w - | tshark -r -',
    load: async () => (await import('./commands/capture.ts')).capture,
  },
  {
    name: 'link',
    group: 'Look inside',
    usage: '[LINK [up|down]] [--from NODE] [-o table|json]',
    summary: 'links with their ends and counters; take one down and up',
    options: [
      { long: '--from', value: 'NODE', text: 'only what comes from there' },
      output('table', 'json'),
      name,
    ],
    takes: ['link', ['up', 'down']],
    load: async () => (await import('./commands/link.ts')).link,
  },
  {
    name: 'fault',
    group: 'Break things',
    usage: 'KIND LINK|NODE … | list | heal [ID|--all]',
    summary: 'break something, see what is broken, heal it',
    options: [
      { long: '--from', value: 'NODE', text: 'only what comes from there' },
      { long: '--to', value: 'NODE', text: 'only what goes there' },
      { long: '--ms', value: 'N', text: 'of a delay' },
      { long: '--jitter-ms', value: 'N', text: 'of a delay' },
      { long: '--percent', value: 'N', text: 'of packets' },
      { long: '--mbit', value: 'N', text: 'of a rate' },
      { long: '--seed', value: 'N', text: 'of what is left to chance' },
      { long: '--offset', value: 'TIME', text: 'of a clock: +1y, --offset=-3d' },
      { long: '--lifetime-days', value: 'N', text: 'of an expired certificate' },
      { long: '--by', value: 'WAY', choices: ['kernel', 'rules'], text: 'of a reset' },
      { long: '--all', text: 'heal everything' },
      output('table', 'json'),
      name,
    ],
    takes: [[...faultKinds, 'list', 'heal'], 'node'],
    details: `Of a link: partition, down, delay (--ms, --jitter-ms), jitter (--ms), loss (--percent), rate (--mbit), reorder (--percent,
--ms), duplicate (--percent), with --from NODE, --to NODE, --seed N. Of a node: kill, pause, restart, reset (--by kernel|rules),
clock (+1y, --offset=-3d), expired-certificate. Of the lab: store-down.`,
    load: async () => (await import('./commands/fault.ts')).fault,
  },
  {
    name: 'run',
    group: 'Prove it',
    usage: '[SUITE …] [--topology TOPOLOGY] [--backend BACKEND] [--proxy PROXY] [-t PATTERN]',
    summary: 'run scenarios, all that are claimed on labs or those of suites, and write a report',
    options: [
      {
        long: '--topology',
        value: 'TOPOLOGY',
        choices: ['sidecars', 'tutorial', 'pods'],
        text: 'only what is claimed on it',
        variable: 'MESHYARD_TOPOLOGY',
      },
      backend,
      proxy,
      { short: '-t', long: '--test', value: 'PATTERN', text: 'only scenarios with such a title' },
    ],
    takes: ['suite'],
    details:
      'A SUITE is a part of the path of scenario files below scenarios/, such as kong/mutual-tls, kong-cases or docs.',
    load: async () => (await import('./commands/run.ts')).run,
  },
  {
    name: 'report',
    group: 'Prove it',
    usage: '[RUN] [--format html|json|junit|markdown] [--out FOLDER]',
    summary: 'write the report of a run again, in all formats or in one',
    options: [
      {
        long: '--format',
        value: 'FORMAT',
        choices: reportFormats,
        text: 'one alone',
      },
      { long: '--out', value: 'FOLDER', text: 'where to; beside report.json otherwise' },
    ],
    takes: ['run'],
    details:
      'A RUN is latest (default), the name of a folder in reports/out, a folder or a report.json.',
    load: async () => (await import('./commands/report.ts')).report,
  },
  {
    name: 'diff',
    group: 'Prove it',
    usage:
      'RUN RUN [-o table|json] | --proxy A --proxy B [SUITE …] [--topology TOPOLOGY] [-o table|json]',
    summary: 'what differs between two runs, or between two proxies that do the same',
    options: [
      {
        long: '--proxy',
        value: 'PROXY',
        text: 'twice: run the suites with one, then with the other',
      },
      {
        long: '--topology',
        value: 'TOPOLOGY',
        choices: ['sidecars', 'tutorial', 'pods'],
        text: 'only what is claimed on it',
      },
      output('table', 'json'),
    ],
    takes: ['run'],
    details: `Told are scenarios that fail now or do not any more, that take over 20 % longer, and whose connections or answers are
others. The exit code is 1 when anything but time differs.`,
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  {
    name: 'doctor',
    group: 'This program',
    usage: '[--fix [--yes]] [-o table|json]',
    summary: 'what this machine can do for labs, and what would change that',
    options: [
      { long: '--fix', text: 'run what would, after asking' },
      { long: '--yes', text: 'without asking' },
      output('table', 'json'),
    ],
    takes: [],
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'completion',
    group: 'This program',
    usage: 'bash|zsh|fish',
    summary: 'print what teaches a shell to complete commands, options and names of nodes',
    options: [],
    takes: [['bash', 'zsh', 'fish']],
    details:
      'For bash and zsh: source <(meshyard completion bash). For fish: meshyard completion fish | source',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
  {
    name: 'help',
    group: 'This program',
    usage: '[COMMAND]',
    summary: 'what commands there are, or all about one',
    options: [],
    takes: [],
    load: async () => (await import('./commands/help.ts')).help,
  },
]

export function findCommand(wanted: string): CommandEntry | undefined {
  return commandTable.find((entry) => entry.name === wanted)
}
