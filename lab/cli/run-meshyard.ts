import { LabError } from '#lab/run/lab-error.ts'
import { UsageError, type Command, type Console } from './command.ts'

/** Each is loaded when it is called. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import('./commands/up.ts')).up,
  down: async () => (await import('./commands/down.ts')).down,
  reap: async () => (await import('./commands/reap.ts')).reap,
  ps: async () => (await import('./commands/ps.ts')).ps,
  exec: async () => (await import('./commands/exec.ts')).exec,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  shell: async () => (await import('./commands/exec.ts')).shell,
  logs: async () => (await import('./commands/logs.ts')).logs,
  fault: async () => (await import('./commands/fault.ts')).fault,
  link: async () => (await import('./commands/link.ts')).link,
  init: async () => (await import('./commands/init.ts')).init,
  validate: async () => (await import('./commands/validate.ts')).validate,
  graph: async () => (await import('./commands/graph.ts')).graph,
  reset: async () => (await import('./commands/reset.ts')).reset,
  plan: async () => (await import('./commands/plan.ts')).plan,
  render: async () => (await import('./commands/render.ts')).render,
}

const help = `Usage: meshyard COMMAND

  init [FILE] [--from T]    write a topology file to start with: meshyard.yaml (default), .json or .ts
  validate [TOPOLOGY]       tell what is wrong with a topology, with line and field; --schema prints the JSON schema
  graph [TOPOLOGY]          draw a topology, or the lab of --name; -o text|mermaid|dot|svg
  plan [TOPOLOGY]           print a lab as a shell script that builds the same one; -o json, --firewall, --state
  render ENGINE [TOPOLOGY]  write it for an engine of many machines: swarm or kubernetes; -o FILE, --image IMAGE
  up [TOPOLOGY] [--bare]    bring a lab up
  down                      take it down and remove all it made
  reap                      remove containers that labs have left whose holder was killed
  ps [-o table|json]        what runs in it; --state: the hash of what is in its namespaces
  reset [-o text|json]      bring it back to how it was when it had come up, and prove it
  exec NODE COMMAND …       run a command in a node
  shell [NODE]              open a shell in a node
  logs [NODE] [-f]          what nodes have written
  fault KIND LINK|NODE …    break something; fault list, fault heal [ID|--all]
  doctor [--fix [--yes]]    what this machine can do for labs, and what would change that; -o table|json
  link [LINK [up|down]]     links with their ends and counters; take one down and up

Faults of a link: partition, down, delay (--ms, --jitter-ms), jitter (--ms), loss (--percent), rate (--mbit), reorder
(--percent, --ms), with --from NODE, --to NODE, --seed N. Of a node: kill, pause, restart, reset, clock (+1y, --offset=-3d),
expired-certificate. Of the lab: store-down.
A TOPOLOGY is sidecars, tutorial, pods, chain:N, star:N, full:N, a file in YAML, JSON or TypeScript, or - for standard input;
without one it is meshyard.yaml (or .yml, .json, .ts) of the working directory, else sidecars.
Every command takes --name NAME before other arguments, for labs side by side; the name is "default" otherwise.
--bare brings up the network alone, without interception and processes.
up --backend containers [--image IMAGE] runs nodes in containers; MESHYARD_BACKEND makes it the default.
Run folders are in .meshyard, or in MESHYARD_HOME. Exit codes: 0 done, 1 failed, 2 wrong usage.
`

/** Runs one command line and returns its exit code. */
export async function runMeshyard(argv: readonly string[], console: Console): Promise<number> {
  const [name, ...args] = argv
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    console.stdout.write(help)
    return name === undefined ? 2 : 0
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined
  try {
    if (load === undefined) throw new UsageError(`There is no command "${name}".`)
    const command = await load()
    return await command(args, console)
  } catch (error) {
    if (error instanceof LabError) {
      console.stderr.write(`Error: ${error.message}\n`)
      return 1
    }
    if (error instanceof UsageError) {
      console.stderr.write(`Error: ${error.message} See "meshyard help".\n`)
      return 2
    }
    throw error
  }
}
