import { defineTopology } from './define-topology.ts'

/**
 * A topology for tests, short as people write them: the node client (10.5.0.1, fd05::1), and in a pod (10.5.0.2, fd05::2) the
 * node server with the echo service behind the sidecar, whose Admin API is told to take requests for anywhere.
 */
export const proxyBesideService = defineTopology({
  name: 'one-pod',
  links: [
    {
      name: 'wire',
      ends: [
        { namespace: 'client', addresses: ['10.5.0.1/24', 'fd05::1/64'] },
        { namespace: 'pod', addresses: ['10.5.0.2/24', 'fd05::2/64'] },
      ],
    },
  ],
  nodes: [
    { name: 'client' },
    {
      name: 'server',
      namespace: 'pod',
      addresses: ['10.5.0.2', 'fd05::2'],
      processes: [{ kind: 'echo' }],
    },
    {
      name: 'sidecar',
      kind: 'proxy',
      namespace: 'pod',
      addresses: ['10.5.0.2', 'fd05::2'],
      processes: [
        {
          kind: 'kong',
          settings: {
            proxy_listen: '127.0.0.1:8000 transparent, [::1]:8000 transparent',
            admin_listen: '127.0.0.1:8001',
            nginx_proxy_proxy_bind: '$remote_addr transparent',
          },
        },
      ],
    },
  ],
  interception: [{ kind: 'pod', namespace: 'pod', inputInterface: 'eth0', ports: ['18000:8000'] }],
  kong: { admin: 'sidecar', routes: [{ name: 'anywhere', protocols: ['http'], paths: ['/'] }] },
})
