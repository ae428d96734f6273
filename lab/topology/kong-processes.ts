import type { KongProcessSpec } from './topology.ts'

type Settings = KongProcessSpec['settings']

/** The node that proxies nothing and answers the Admin API on this address. */
export function controlPlaneProcess(address: string): KongProcessSpec {
  return kong('kong-c', {
    stream_listen: 'off',
    proxy_listen: 'off',
    admin_listen: `${address}:8001, ${address}:8444 ssl`,
  })
}

/** A node that takes intercepted traffic on these addresses, as they stand in kong.conf; `settings` come on top. */
export function sidecarProcess(
  name: string,
  {
    listen,
    settings = {},
  }: { readonly listen: readonly string[]; readonly settings?: Settings | undefined },
): KongProcessSpec {
  const on = (port: number, flags: string): string =>
    listen.map((address) => `${address}:${port} ${flags}`).join(', ')
  return kong(name, {
    stream_listen: `${on(9000, 'transparent')}, ${on(9443, 'transparent')}`,
    proxy_listen: `${on(8000, 'transparent')}, ${on(8443, 'ssl transparent')}`,
    admin_listen: 'off',
    ...settings,
  })
}

function kong(prefix: string, settings: Settings): KongProcessSpec {
  return { kind: 'kong', name: 'kong', prefix, settings: { log_level: 'debug', ...settings } }
}
