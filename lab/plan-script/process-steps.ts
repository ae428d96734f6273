import { dirname } from 'node:path'
import { isIPv6 } from 'node:net'
import type { EntitiesPlan, LabPlan } from '#lab/topology/plan.ts'
import type { ProcessPlan } from '#lab/topology/plan-process.ts'
import { inside, word, words, type Section, type Step } from './step.ts'

/** Starts every process of a lab and waits until it listens. */
export function processSection({ processes, environment }: LabPlan): Section {
  return {
    title: 'Processes',
    steps: [
      ...(processes.length === 0
        ? []
        : [
            {
              why: 'What the processes write, in the run folder.',
              commands: [
                words(['mkdir', '-p', ...new Set(processes.map(({ log }) => dirname(log)))]),
              ],
            },
          ]),
      ...processes.map((each) => startStep(each, environment)),
      ...processes
        .filter(({ listens }) => listens.length > 0)
        .map((each) => ({
          why: `${each.node} is ready to be asked once ${each.name} listens.`,
          commands: each.listens.map(
            ({ address, port }) =>
              `until_listening ${words([each.namespace, isIPv6(address) ? `[${address}]` : address, String(port)])}`,
          ),
        })),
    ],
  }
}

function startStep(process: ProcessPlan, environment: LabPlan['environment']): Step {
  const variables = Object.entries({ ...environment, ...process.environment }).map(
    ([name, value]) => `${name}=${value}`,
  )
  const argv = words([...variables, ...process.argv])
  return {
    why: `${process.node}: ${whatItIs(process)}`,
    commands: [
      `${inside(process.namespace, ['env', '-i'])} "PATH=$PATH" "HOME=$HOME" ${argv} \\`,
      `  < /dev/null >> ${word(process.log)} 2>&1 &`,
    ],
  }
}

function whatItIs({ name, kong, environment }: ProcessPlan): string {
  if (kong === undefined) return `its process ${name}.`
  if (!kong.proxies) return 'a Kong node that proxies nothing and answers the Admin API.'
  return environment['KONG_PREFIX'] === undefined
    ? 'a Kong node that proxies.'
    : `a Kong node that proxies; all nodes of this folder share what is configured.`
}

/** Tells Kong of its services and routes, and waits until every proxy goes by them. */
export function entitySection(entities: EntitiesPlan, processes: readonly ProcessPlan[]): Section {
  const { namespace, admin, requests } = entities
  const host = isIPv6(admin.address) ? `[${admin.address}]` : admin.address
  const proxies = processes.filter(({ kong }) => kong?.proxies === true)
  return {
    title: 'What Kong is told',
    steps: [
      ...requests.map(({ method, path, body }) => ({
        why:
          method === 'PUT'
            ? 'A service: where requests go.'
            : 'Its route: which requests are meant.',
        commands: [
          `${inside(namespace, ['curl'])} ${curlOptions} --request ${method} --data ${word(JSON.stringify(body))} http://${host}:${admin.port}${path}`,
        ],
      })),
      ...(proxies.length === 0
        ? []
        : [
            {
              why: 'A node tells in its log that it goes by all of it.',
              commands: proxies.map(({ kong }) =>
                words([
                  'until_logged',
                  `${kong?.prefix}/logs/error.log`,
                  `applied: ${entities.services} services, ${entities.routes} routes`,
                ]),
              ),
            },
          ]),
    ],
  }
}

const curlOptions =
  "--silent --show-error --fail --output /dev/null --header 'Content-Type: application/json'"
