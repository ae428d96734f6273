import { spawnSync } from 'node:child_process'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import { Secret } from 'kubernetes-models/v1/Secret'
import { Service } from 'kubernetes-models/v1/Service'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet'
import { Job } from 'kubernetes-models/batch/v1/Job'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { projectRoot } from '#lab/run/home.ts'
import { findTopology } from '#lab/topology/find-topology.ts'
import { renderKubernetes } from './kubernetes/render-kubernetes.ts'
import { planWorkloads } from './plan-workloads.ts'
import { renderSwarm } from './swarm/render-swarm.ts'
import type { Workloads } from './workload.ts'

const options = { image: 'registry.example/meshyard:1', root: '/opt/meshyard', node: 'node' }

async function plan(topology: string): Promise<Workloads> {
  return planWorkloads(await findTopology(topology), options)
}

const models = { ConfigMap, Secret, Service, Deployment, StatefulSet, Job }

/** Throws what is wrong with it by the schema that the API publishes for its kind. */
function checkManifest(manifest: ReturnType<typeof parse>): void {
  const kind: keyof typeof models = manifest.kind
  new models[kind](manifest).validate()
}

describe('a rendered topology', () => {
  it.for(['pods', 'sidecars', 'full:2'])('%s has its services as pods', async (topology) => {
    const { workloads } = await plan(topology)
    const services = workloads.filter(({ kind }) => kind === 'service')
    expect(services.length).toBeGreaterThan(1)
    for (const { sidecar } of services) {
      expect(sidecar?.process.environment).toMatchObject({
        MESHYARD_SOCKET_MARK: '2',
        KONG_DATABASE: 'postgres',
      })
    }
  })

  it('refuses what has no place beside a service, all at once', async () => {
    await expect(plan('chain:3')).rejects.toThrow(
      'The topology chain-3 cannot be rendered:\n  kong-2: it stands beside no service',
    )
    await expect(plan('chain:1')).rejects.toThrow('it stands beside service-a and service-b')
    await expect(plan('tutorial')).rejects.toThrow('cannot be rendered')
  })

  it('tells Kong of services by name and of streams by port, in a file that it takes', async () => {
    const { kongFile = '' } = await plan('pods')
    expect(kongFile).not.toMatch(/10\.0\.0\.\d/)
    await using folder = await mkdtempDisposable(join(tmpdir(), 'kong-file-'))
    const file = join(folder.path, 'kong.yml')
    const check = async (text: string): Promise<number | null> => {
      await writeFile(file, text)
      const kong = join(projectRoot, 'core/bin/kong')
      return spawnSync(kong, ['config', 'parse', file], { cwd: folder.path }).status
    }
    expect(await check(kongFile)).toBe(0)
    expect(await check(kongFile.replace('protocols', 'protocol'))).toBe(1)
  })
})

describe('renderKubernetes', () => {
  it('writes manifests that fit the published schemas of their kinds', async () => {
    const text = renderKubernetes(await plan('pods'), { ...options, storePassword: 'secret' })
    const manifests = parseAllDocuments(text).map((document) => document.toJS())
    expect(new Set(manifests.map(({ kind }) => kind))).toEqual(new Set(Object.keys(models)))
    for (const manifest of manifests) {
      expect(() => checkManifest(manifest)).not.toThrow()
      expect(manifest.metadata.labels).toMatchObject({ 'app.kubernetes.io/part-of': 'pods' })
    }
    const deployment = manifests.find(({ kind }) => kind === 'Deployment')
    deployment.spec.replicas = 'one'
    expect(() => checkManifest(deployment)).toThrow('replicas')
  })

  it('refers to no ConfigMap and no Secret that is not there', async () => {
    const text = renderKubernetes(await plan('pods'), { ...options, storePassword: 'secret' })
    const manifests = parseAllDocuments(text).map((document) => document.toJS())
    const names = (kind: string): unknown[] =>
      manifests.filter((each) => each.kind === kind).map((each) => each.metadata.name)
    const referred = (key: string): unknown[] => findAll(manifests, key).map((each) => each.name)
    const configMaps = [...referred('configMap'), ...referred('configMapRef')]
    expect(new Set(configMaps)).toEqual(new Set(names('ConfigMap')))
    expect(new Set(referred('secretKeyRef'))).toEqual(new Set(names('Secret')))
  })

  it('gives NET_ADMIN to sidecars and their rules alone, and more to nobody', async () => {
    const text = renderKubernetes(await plan('pods'), options)
    const containers = parseAllDocuments(text)
      .map((document) => document.toJS())
      .flatMap(({ spec }) => [
        ...(spec?.template?.spec?.initContainers ?? []),
        ...(spec?.template?.spec?.containers ?? []),
      ])
    for (const { name, securityContext } of containers) {
      const { drop, add = [] } = securityContext.capabilities
      expect(drop).toEqual(['ALL'])
      expect(add).toEqual(/^rules$|^kong-[ab]$/.test(name) ? ['NET_ADMIN'] : [])
      expect(securityContext.allowPrivilegeEscalation).toBe(false)
    }
    expect(containers.filter(({ name }) => name === 'rules')).toHaveLength(3)
  })

  it('writes the same text each time', async () => {
    const text = renderKubernetes(await plan('pods'), options)
    expect(renderKubernetes(await plan('pods'), options)).toBe(text)
    await expect(text).toMatchFileSnapshot('golden/pods.kubernetes.txt')
  })
})

describe('renderSwarm', () => {
  it('writes the same text each time', async () => {
    const text = renderSwarm(await plan('pods'), options)
    await expect(text).toMatchFileSnapshot('golden/pods.swarm.txt')
  })

  it('writes scripts that bash takes, and no dollar sign that the engine would take', async () => {
    const stack = parse(renderSwarm(await plan('full:2'), options))
    const scripts = Object.values<{ command?: string[] }>(stack.services).flatMap(
      ({ command }) => command?.at(-1) ?? [],
    )
    expect(scripts.length).toBeGreaterThan(3)
    for (const script of scripts) {
      expect(script.replaceAll('$$', '')).not.toContain('$')
      const input = script.replaceAll('$$', '$')
      expect(spawnSync('bash', ['-n'], { input, encoding: 'utf8' }).stderr).toBe('')
    }
  })
})

/** What stands below a key, wherever it is. */
function findAll(value: unknown, key: string): { readonly name?: unknown }[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, child]) => [
    ...(name === key ? [child] : []),
    ...findAll(child, key),
  ])
}
