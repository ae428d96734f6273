import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { processStart } from '#core/kong/pid-file.ts'
import { freePorts } from '#core/base/loopback-ports.ts'
import { kongCommand, openKongSandbox } from './kong-sandbox.ts'

const advice = '\n\n  Run with --v (verbose) or --vv (debug) for more details\n'

const proxyOnly = (port: number, prefix = 'kong-a'): Record<string, string> => ({
  KONG_PREFIX: prefix,
  KONG_PROXY_LISTEN: `127.0.0.1:${port}`,
  KONG_ADMIN_LISTEN: 'off',
  KONG_PLUGINS: 'off',
})

describe('kong', () => {
  it('case 88: prints its usage and fails when no command or an unknown one is given', async () => {
    await using sandbox = await openKongSandbox()
    const bare = await sandbox.kong([])
    expect(bare).toMatchObject({ exitCode: 1, stdout: '' })
    expect(bare.stderr).toMatch(/^Usage: kong COMMAND \[OPTIONS\]/)
    const unknown = await sandbox.kong(['foobar'])
    expect(unknown.exitCode).toBe(1)
    expect(unknown.stderr).toMatch(/^No such command: foobar\n\nUsage: kong COMMAND/)
    for (const help of ['--help', '-h']) {
      expect(await sandbox.kong([help])).toEqual({ ...bare })
      const start = await sandbox.kong(['start', '--conf', 'x', help])
      expect(start).toMatchObject({ exitCode: 1, stdout: '' })
      expect(start.stderr).toMatch(/^Usage: kong start \[OPTIONS\]\n/)
    }
  })

  it('refuses an option it does not know, or without its value, and shows the usage', async () => {
    await using sandbox = await openKongSandbox()
    for (const [args, fault] of [
      [['--force'], 'unrecognized parameter: force'],
      [['-x'], 'unrecognized parameter: x'],
      [['--prefix'], 'prefix was expecting a value'],
      [['-p'], 'prefix was expecting a value'],
    ] as const) {
      const refused = await sandbox.kong(['stop', ...args])
      expect(refused).toMatchObject({ exitCode: 1, stdout: '' })
      expect(refused.stderr).toContain(`kong: ${fault}\n\nUsage: kong stop [OPTIONS]\n`)
    }
  })

  it('runs through a symlink from any folder', async () => {
    await using sandbox = await openKongSandbox()
    const link = join(sandbox.folder, 'k')
    await symlink(kongCommand, link)
    const child = spawn(link, ['version'], { cwd: '/' })
    const [chunk] = await once(child.stdout, 'data')
    expect(String(chunk)).toBe('1.1.3\n')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('case 87: tells its version, and with -a what it stands on', async () => {
    await using sandbox = await openKongSandbox()
    expect(await sandbox.kong(['version'])).toEqual({ exitCode: 0, stdout: '1.1.3\n', stderr: '' })
    for (const flag of ['-a', '--all']) {
      expect((await sandbox.kong(['version', flag])).stdout).toMatch(/^Kong: 1\.1\.3\nNode: /)
    }
  })

  it(
    'leaves what it has compiled to others that start while it runs',
    { timeout: 60_000 },
    async () => {
      await using sandbox = await openKongSandbox()
      const cache = join(sandbox.folder, 'cache')
      const kept = async (): Promise<number> => (await readdir(cache, { recursive: true })).length
      const [port = 0] = await freePorts(1)
      const env = { ...proxyOnly(port), NODE_COMPILE_CACHE: cache }
      // The control: the command by itself loads a part of it.
      expect(await sandbox.kong(['check', '/dev/null'], env)).toMatchObject({ exitCode: 0 })
      const byCommand = await kept()
      expect(byCommand).toBeGreaterThan(0)
      expect(await sandbox.kong(['start'], env)).toMatchObject({ exitCode: 0 })
      await expect.poll(kept).toBeGreaterThan(2 * byCommand)
    },
  )

  it('roars', async () => {
    await using sandbox = await openKongSandbox()
    const { exitCode, stdout } = await sandbox.kong(['roar'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/\n\nKong, Monolith destroyer\.\n$/)
  })

  it('shows where a fault came from under --vv', async () => {
    await using sandbox = await openKongSandbox()
    const failed = await sandbox.kong(['stop', '-p', 'none', '--vv'])
    expect(failed.stderr).toMatch(/^Error: no such prefix: .*\n\nMeshError: .*\n {4}at /)
  })
})

describe('kong check', () => {
  it('case 86: says whether a file is valid, fault by fault', async () => {
    await using sandbox = await openKongSandbox()
    await writeFile(join(sandbox.folder, 'good.conf'), 'log_level = info # fine\n')
    await writeFile(join(sandbox.folder, 'bad.conf'), 'log_level = x\nheaders = y\n')
    expect(await sandbox.kong(['check', 'good.conf'])).toEqual({
      exitCode: 0,
      stdout: 'configuration at good.conf is valid\n',
      stderr: '',
    })
    const bad = await sandbox.kong(['check', 'bad.conf'])
    expect(bad.exitCode).toBe(1)
    expect(bad.stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/ \[error\] log_level has an invalid value: 'x' \(debug, /),
      expect.stringMatching(/ \[error\] headers: invalid entry 'y'$/),
    ])
    const none = await sandbox.kong(['check', 'none.conf'])
    expect(none).toMatchObject({ exitCode: 1 })
    expect(none.stderr).toMatch(/\[error\] no file at: none\.conf\n$/)
  })
})

describe('kong start and stop', () => {
  it('cases 70 to 72: start and stop a node in the background', async () => {
    await using sandbox = await openKongSandbox()
    const [port = 0] = await freePorts(1)
    const env = proxyOnly(port)
    const prefix = join(sandbox.folder, 'kong-a')
    expect(await sandbox.kong(['start'], env)).toEqual({
      exitCode: 0,
      stdout: 'Kong started\n',
      stderr: '',
    })
    // Ready means ready: no second try.
    const client = connect(port, '127.0.0.1')
    await once(client, 'connect')
    client.destroy()
    expect(await readFile(join(prefix, '.kong_env'), 'utf8')).toContain(`prefix = ${prefix}\n`)
    const pid = Number(await readFile(join(prefix, 'pids/nginx.pid'), 'utf8'))
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).toContain(`kong: ${prefix}`)
    expect(await sandbox.kong(['health'], env)).toEqual({
      exitCode: 0,
      stdout: `nginx.......running\n\nKong is healthy at ${prefix}\n`,
      stderr: '',
    })
    expect(await sandbox.kong(['start'], env)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `Error: Kong is already running in ${prefix}${advice}`,
    })
    expect(await sandbox.kong(['stop'], env)).toEqual({
      exitCode: 0,
      stdout: 'Kong stopped\n',
      stderr: '',
    })
    expect(processStart(pid)).toBeUndefined()
    expect(await readdir(join(prefix, 'pids'))).toEqual([])
    expect(await sandbox.kong(['stop'], env)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `Error: nginx not running in prefix: ${prefix}${advice}`,
    })
    expect(await sandbox.kong(['health'], env)).toEqual({
      exitCode: 1,
      stdout: 'nginx.......not running\n\n',
      stderr: `Error: Kong is not running at ${prefix}${advice}`,
    })
  })

  it('start three nodes in one folder at the same moment', async () => {
    await using sandbox = await openKongSandbox()
    const ports = await freePorts(3)
    const nodes = ports.map((port, index) => proxyOnly(port, `kong-${index}`))
    const started = await Promise.all(nodes.map((env) => sandbox.kong(['start'], env)))
    expect(started).toEqual(
      nodes.map(() => ({ exitCode: 0, stdout: 'Kong started\n', stderr: '' })),
    )
    expect(await readdir(sandbox.folder)).toEqual(
      expect.arrayContaining(['kong-0', 'kong-1', 'kong-2', 'kong.sqlite']),
    )
    const stopped = await Promise.all(nodes.map((env) => sandbox.kong(['stop'], env)))
    expect(stopped.map(({ stdout }) => stdout)).toEqual(nodes.map(() => 'Kong stopped\n'))
  })

  it('let one of two simultaneous starts of a prefix win', async () => {
    await using sandbox = await openKongSandbox()
    const [port = 0] = await freePorts(1)
    const env = proxyOnly(port)
    const both = await Promise.all([sandbox.kong(['start'], env), sandbox.kong(['start'], env)])
    expect(new Set(both.map(({ exitCode }) => exitCode))).toEqual(new Set([0, 1]))
    expect(await sandbox.kong(['stop'], env)).toMatchObject({ exitCode: 0 })
  })

  it('tell every port in use, each in one sentence, and leave nothing running', async () => {
    await using sandbox = await openKongSandbox()
    const ports = await freePorts(3)
    const [first = 0, second = 0, admin = 0] = ports
    const holders = await Promise.all(
      ports.map(async (port) => {
        const server = createServer()
        server.listen(port, '127.0.0.1')
        await once(server, 'listening')
        return server
      }),
    )
    const env = {
      ...proxyOnly(first),
      KONG_STREAM_LISTEN: `127.0.0.1:${second}`,
      KONG_ADMIN_LISTEN: `127.0.0.1:${admin}`,
    }
    const failed = await sandbox.kong(['start'], env)
    expect(failed).toMatchObject({ exitCode: 1, stdout: '' })
    expect(failed.stderr.split('\n')).toEqual([
      expect.stringMatching(new RegExp(`^Error: Cannot listen on 127\\.0\\.0\\.1:${first}: `)),
      expect.stringMatching(new RegExp(`^Cannot listen on 127\\.0\\.0\\.1:${second}: `)),
      expect.stringMatching(new RegExp(`^Cannot listen on 127\\.0\\.0\\.1:${admin} `)),
      ...advice.split('\n').slice(1),
    ])
    expect(await readdir(join(sandbox.folder, 'kong-a/pids'))).toEqual([])
    // The control: with the ports free the same command starts.
    await Promise.all(holders.map((server) => new Promise((resolve) => server.close(resolve))))
    expect(await sandbox.kong(['start'], env)).toMatchObject({ exitCode: 0 })
    expect(await sandbox.kong(['stop'], env)).toMatchObject({ exitCode: 0 })
  })

  it('cases 65, 73 and 74: tell a bad value before anything is made', async () => {
    await using sandbox = await openKongSandbox()
    expect(
      await sandbox.kong(['start'], { KONG_PREFIX: 'kong-a', KONG_LOG_LEVEL: 'loud' }),
    ).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `Error: log_level has an invalid value: 'loud' (debug, info, notice, warn, error, crit, alert, emerg)${advice}`,
    })
    expect(await sandbox.kong(['start', '--conf', 'foobar.conf'])).toMatchObject({
      exitCode: 1,
      stderr: `Error: no file at: foobar.conf${advice}`,
    })
    expect(await readdir(sandbox.folder)).toEqual([])
    expect(await sandbox.kong(['stop', '--prefix', 'inexistent'])).toMatchObject({
      exitCode: 1,
      stderr: `Error: no such prefix: ${join(sandbox.folder, 'inexistent')}${advice}`,
    })
  })

  it('ignore the pid file of a node that was killed', async () => {
    await using sandbox = await openKongSandbox()
    const [port = 0] = await freePorts(1)
    const env = proxyOnly(port)
    await sandbox.kong(['start'], env)
    const pidFile = join(sandbox.folder, 'kong-a/pids/nginx.pid')
    const pid = Number(await readFile(pidFile, 'utf8'))
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => processStart(pid)).toBeUndefined()
    expect(existsSync(pidFile)).toBe(true)
    expect(await sandbox.kong(['stop'], env)).toMatchObject({ exitCode: 1 })
    expect(await sandbox.kong(['start'], env)).toMatchObject({ exitCode: 0 })
    expect(await sandbox.kong(['stop'], env)).toMatchObject({ exitCode: 0 })
  })

  it('run in the foreground until a signal when nginx_daemon is off', async () => {
    await using sandbox = await openKongSandbox()
    const [port = 0] = await freePorts(1)
    const child = spawn(kongCommand, ['start'], {
      cwd: sandbox.folder,
      env: { PATH: process.env['PATH'], ...proxyOnly(port), KONG_NGINX_DAEMON: 'off' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [chunk] = await once(child.stdout, 'data')
    expect(String(chunk)).toBe('Kong started\n')
    const pidFile = join(sandbox.folder, 'kong-a/pids/nginx.pid')
    expect(Number(await readFile(pidFile, 'utf8'))).toBe(child.pid)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(existsSync(pidFile)).toBe(false)
  })

  it('keep a node running that has nothing to listen to', async () => {
    await using sandbox = await openKongSandbox()
    const env = { KONG_PREFIX: 'kong-a', KONG_PROXY_LISTEN: 'off', KONG_ADMIN_LISTEN: 'off' }
    expect(await sandbox.kong(['start'], env)).toMatchObject({ exitCode: 0 })
    expect(await sandbox.kong(['health'], env)).toMatchObject({ exitCode: 0 })
    expect(await sandbox.kong(['stop'], env)).toMatchObject({ exitCode: 0 })
  })

  it('cases 67 and 75: show what was read under --vv, without secrets', async () => {
    await using sandbox = await openKongSandbox()
    const { stdout } = await sandbox.kong(['prepare', '--vv'], {
      KONG_PREFIX: 'kong-a',
      KONG_ADMIN_LISTEN: '127.0.0.1:9001',
      KONG_PG_PASSWORD: 'hidden',
    })
    expect(stdout).toMatch(/\[verbose\] prefix in use: .*kong-a\n/)
    expect(stdout).toMatch(/\[debug\] KONG_ADMIN_LISTEN ENV found with "127\.0\.0\.1:9001"/)
    expect(stdout).toMatch(/\[debug\] prefix = "/)
    expect(stdout).toMatch(/\[debug\] admin_listen = \{"127\.0\.0\.1:9001"\}\n/)
    expect(stdout).toMatch(/\[debug\] upstream_keepalive = 60\n/)
    expect(stdout).toMatch(/\[debug\] nginx_daemon = "on"\n/)
    expect(stdout).toMatch(/\[debug\] pg_password = "\*{6}"/)
    expect(stdout).not.toContain('hidden')
  })
})

describe('kong prepare', () => {
  it('case 84: makes the prefix folder and starts nothing', async () => {
    await using sandbox = await openKongSandbox()
    expect(await sandbox.kong(['prepare', '-p', 'foobar'])).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '',
    })
    const made = await readdir(join(sandbox.folder, 'foobar'), { recursive: true })
    expect(made).toEqual(
      expect.arrayContaining([
        '.kong_env',
        'logs/error.log',
        'logs/admin_access.log',
        'nginx.conf',
        'nginx-kong.conf',
        'nginx-kong-stream.conf',
        'pids',
        'ssl',
      ]),
    )
    expect(await readdir(join(sandbox.folder, 'foobar/pids'))).toEqual([])
    expect(await readdir(join(sandbox.folder, 'foobar/ssl'))).toEqual([
      'admin-kong-default.crt',
      'admin-kong-default.key',
      'kong-default.crt',
      'kong-default.key',
    ])
    const plain = proxyOnly(1, 'plain')
    expect(await sandbox.kong(['prepare'], plain)).toMatchObject({ exitCode: 0 })
    expect(await readdir(join(sandbox.folder, 'plain/ssl'))).toEqual([])
  })

  it('takes --nginx-conf with a warning, if there is such a file', async () => {
    await using sandbox = await openKongSandbox()
    await writeFile(join(sandbox.folder, 'custom.template'), 'daemon on;\n')
    const args = ['prepare', '-p', 'foobar', '--nginx-conf']
    const prepared = await sandbox.kong([...args, 'custom.template'])
    expect(prepared).toMatchObject({ exitCode: 0, stdout: '' })
    expect(prepared.stderr).toMatch(/ \[warn\] --nginx-conf custom\.template is not used: /)
    expect(await sandbox.kong([...args, 'none'])).toMatchObject({
      exitCode: 1,
      stderr: `Error: no such file: none${advice}`,
    })
  })

  it('says why a prefix cannot be made', async () => {
    await using sandbox = await openKongSandbox()
    await writeFile(join(sandbox.folder, 'file'), '')
    const failed = await sandbox.kong(['prepare', '-p', 'file'])
    expect(failed.exitCode).toBe(1)
    expect(failed.stderr).toMatch(
      /^Error: could not prepare Kong prefix at \/.*\/file: \/.*\/file is not a directory\n/,
    )
    // /proc is a folder that takes no other, and /dev/null none.
    for (const [prefix, why] of [
      ['/proc/kong-a', "[A-Z]+: .*'/proc/kong-a'"],
      ['/dev/null/kong-a', '/dev/null is not a directory'],
    ] as const) {
      const { exitCode, stderr } = await sandbox.kong(['prepare', '-p', prefix])
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(
        new RegExp(`^Error: could not prepare Kong prefix at ${prefix}: ${why}\n`),
      )
    }
  })
})

describe('kong reload, restart and quit', () => {
  it('cases 79 to 81: reload keeps the process and takes the new file', async () => {
    await using sandbox = await openKongSandbox()
    const [before = 0, after = 0] = await freePorts(2)
    const env = proxyOnly(before)
    const prefix = join(sandbox.folder, 'kong-a')
    expect(await sandbox.kong(['start'], env)).toMatchObject({ exitCode: 0 })
    const pid = await readFile(join(prefix, 'pids/nginx.pid'), 'utf8')
    await writeFile(
      join(sandbox.folder, 'next.conf'),
      `prefix = kong-a\nproxy_listen = 127.0.0.1:${after}\nadmin_listen = off\n`,
    )
    expect(await sandbox.kong(['reload', '--conf', 'next.conf'])).toEqual({
      exitCode: 0,
      stdout: 'Kong reloaded\n',
      stderr: '',
    })
    await expect.poll(() => sandbox.errorLog('kong-a')).toMatch(/configuration 2\.\d+ applied/)
    const client = connect(after, '127.0.0.1')
    await once(client, 'connect')
    client.destroy()
    const refused = connect(before, '127.0.0.1')
    await expect(once(refused, 'connect')).rejects.toThrow('ECONNREFUSED')
    expect(await readFile(join(prefix, 'pids/nginx.pid'), 'utf8')).toBe(pid)
    expect(await sandbox.kong(['stop'], env)).toMatchObject({ exitCode: 0 })
    expect(await sandbox.kong(['reload'], env)).toMatchObject({
      exitCode: 1,
      stderr: `Error: nginx not running in prefix: ${prefix}${advice}`,
    })
  })

  it('reload that cannot be carried out leaves the node as it was', async () => {
    await using sandbox = await openKongSandbox()
    const [mine = 0, taken = 0] = await freePorts(2)
    const env = proxyOnly(mine)
    expect(await sandbox.kong(['start'], env)).toMatchObject({ exitCode: 0 })
    const holder = createServer()
    holder.listen(taken, '127.0.0.1')
    await once(holder, 'listening')
    expect(await sandbox.kong(['reload'], proxyOnly(taken))).toMatchObject({ exitCode: 0 })
    await expect.poll(() => sandbox.errorLog('kong-a')).toMatch(/\[error\].*stays as it was: /)
    const client = connect(mine, '127.0.0.1')
    await once(client, 'connect')
    client.destroy()
    await new Promise((resolve) => holder.close(resolve))
    expect(await sandbox.kong(['stop'], env)).toMatchObject({ exitCode: 0 })
  })

  it('case 85: restart starts a node that does not run and replaces one that does', async () => {
    await using sandbox = await openKongSandbox()
    const [port = 0] = await freePorts(1)
    const env = proxyOnly(port)
    const pidFile = join(sandbox.folder, 'kong-a/pids/nginx.pid')
    const started = { exitCode: 0, stdout: 'Kong started\n', stderr: '' }
    expect(await sandbox.kong(['restart'], env)).toEqual(started)
    const first = await readFile(pidFile, 'utf8')
    expect(await sandbox.kong(['restart'], env)).toEqual(started)
    expect(await readFile(pidFile, 'utf8')).not.toBe(first)
    expect(await sandbox.kong(['stop'], env)).toMatchObject({ exitCode: 0 })
  })

  it('case 83: quit ends an idle node gracefully', async () => {
    await using sandbox = await openKongSandbox()
    const [port = 0] = await freePorts(1)
    const env = proxyOnly(port)
    await sandbox.kong(['start'], env)
    for (const timeout of ['-1', 'never', '']) {
      expect(await sandbox.kong(['quit', `--timeout=${timeout}`], env)).toMatchObject({
        exitCode: 1,
      })
    }
    // Less than a second counts as one.
    expect(await sandbox.kong(['quit', '--timeout', '0'], env)).toEqual({
      exitCode: 0,
      stdout: 'Kong stopped (gracefully)\n',
      stderr: '',
    })
    expect(await readdir(join(sandbox.folder, 'kong-a/pids'))).toEqual([])
  })

  it('makes no folder for a reload of a node that is not there', async () => {
    await using sandbox = await openKongSandbox()
    await mkdir(join(sandbox.folder, 'empty'))
    expect(await sandbox.kong(['reload', '-p', 'empty'])).toMatchObject({ exitCode: 1 })
    expect(await readdir(join(sandbox.folder, 'empty'))).toEqual([])
  })
})
