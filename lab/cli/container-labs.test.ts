import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projectRoot } from '#lab/run/home.ts'

const timeoutMs = 120_000

describe('the command line, of a lab on containers', () => {
  let home: string
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'container-labs-'))
    expect(meshyard('up', 'sidecars', '--backend', 'containers')).toMatchObject({ status: 0 })
  }, timeoutMs)
  afterAll(() => {
    expect(meshyard('down')).toMatchObject({ status: 0, stdout: 'The lab default is down.\n' })
    rmSync(home, { recursive: true })
  }, timeoutMs)

  const meshyard = (...args: readonly string[]) => {
    const options = { encoding: 'utf8', env: { ...process.env, MESHYARD_HOME: home } } as const
    const { status, stdout, stderr } = spawnSync(
      join(projectRoot, 'lab/bin/meshyard'),
      args,
      options,
    )
    return { status, stdout, stderr }
  }

  it('runs a command in the network, processes and files of a node, and passes its exit code on', () => {
    const script =
      'hostname; ip -o -4 address show dn0 | grep -o "10.1.0.3"; cat /proc/1/comm; exit 7'
    expect(meshyard('exec', 'kong-a', 'sh', '-c', script)).toMatchObject({
      status: 7,
      stdout: 'kong-a\n10.1.0.3\ndocker-init\n',
    })
  })

  it('gives a shell a terminal', () => {
    const script = '[ -t 0 ] && stty -a </dev/tty >/dev/null && echo terminal'
    const command = `${join(projectRoot, 'lab/bin/meshyard')} exec service-a sh -c '${script}'`
    const { stdout } = spawnSync('script', ['--quiet', '--command', command, '/dev/null'], {
      encoding: 'utf8',
      env: { ...process.env, MESHYARD_HOME: home },
    })
    expect(stdout).toBe('terminal\r\n')
  })

  it('shows what runs, and asks for no second lab on something else', () => {
    expect(meshyard('ps').stdout).toMatch(/kong-a +proxy +kong-a +running/)
    const again = meshyard('up', 'sidecars', '--backend', 'namespaces')
    expect(again.status).toBe(1)
    expect(again.stderr).toContain('is up with the topology sidecars --backend containers')
  })

  it('leaves a lab that lives alone when it removes what is left of others', () => {
    expect(meshyard('reap')).toMatchObject({ status: 0, stdout: 'Removed 0 containers.\n' })
    expect(meshyard('exec', 'service-a', 'true')).toMatchObject({ status: 0 })
  })

  it('tells links and logs, and shows requests as they pass', { timeout: timeoutMs }, () => {
    expect(JSON.parse(meshyard('link', '-o', 'json').stdout)).toHaveLength(3)
    expect(meshyard('logs', 'kong-a').stdout).toContain('kong-a kong | Kong started')
    // A busy machine may take all of three seconds for less than one request.
    const script = `
      for try in 1 2 3 4 5; do
        meshyard tap --for 3 >seen & tap=$!
        while kill -0 $tap 2>/dev/null; do
          meshyard exec service-a curl -s http://10.2.0.6:18000/
        done
        wait $tap
        if grep -q '  a ' seen && grep -q '  mesh ' seen && grep -q '  b ' seen; then break; fi
      done
      cat seen`
    const { stdout } = spawnSync('sh', ['-ec', script], {
      encoding: 'utf8',
      cwd: home,
      timeout: 100_000,
      env: {
        ...process.env,
        MESHYARD_HOME: home,
        PATH: `${join(projectRoot, 'lab/bin')}:${process.env['PATH']}`,
      },
    })
    for (const link of ['a', 'mesh', 'b']) {
      expect(stdout).toMatch(new RegExp(`  ${link} +plain +GET / 200 `))
    }
  })

  it('breaks a node and a link, and is as new after a reset', { timeout: timeoutMs }, () => {
    expect(meshyard('fault', 'kill', 'kong-b')).toMatchObject({ status: 0 })
    const loss = meshyard('fault', 'loss', 'mesh', '--percent', '100', '--from', 'kong-a')
    expect(loss).toMatchObject({ status: 0 })
    const ask = (seconds: number): readonly string[] => [
      'exec',
      'service-a',
      'curl',
      '-s',
      '-m',
      `${seconds}`,
      'http://10.2.0.5:18000',
    ]
    expect(meshyard(...ask(2))).toMatchObject({ status: 28, stdout: '' })
    const { status, stdout } = meshyard('reset')
    expect({ status, stdout }).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('is as it was when it came up'),
    })
    expect(meshyard(...ask(20)).stdout).toContain('Hello from Service B')
  })
})
