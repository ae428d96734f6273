import { seenBy, type Mutant } from '#scenarios/mutate/mutant.ts'

const meshed = 'kong/transparent-proxying/direct-and-meshed'
const failClosed = 'kong/transparent-proxying/fail-closed'
const plainHop = 'kong/mutual-tls/plain-hop'
const wider = [seenBy(meshed), seenBy(plainHop), seenBy(failClosed)]

const inTutorial = { file: 'lab/topology/tutorial.ts' }
const inSidecars = { file: 'lab/topology/sidecars.ts' }
const onTutorial = [seenBy(meshed, 'on tutorial with rules, TCP'), ...wider]
const onSidecars = [seenBy(meshed, 'on sidecars with rules, TCP'), ...wider]

/** Rules, routes and listeners that lead traffic into the nodes, on both topologies. */
export const interception: readonly Mutant[] = [
  {
    ...inTutorial,
    id: 'tutorial-no-rules-into-kong-a',
    breaks: 'Nothing is intercepted to the first node.',
    text: '...meshPorts.map(({ port, listener }) => intoKongA(port, listener)),',
    replacement: '',
    watchers: onTutorial,
  },
  {
    ...inTutorial,
    id: 'tutorial-no-rules-into-kong-b',
    breaks: 'What is dialled for the ncat servers is not intercepted to the second node.',
    text: '...meshPorts.map(({ port, listener }) => intoKongB(serviceB, port, listener)),',
    replacement: '',
    watchers: onTutorial,
  },
  {
    ...inTutorial,
    id: 'tutorial-no-echo-rules',
    breaks: 'What is dialled for the echo service is not intercepted to the second node.',
    text: '...meshPorts.map(({ port, listener }) => intoKongB(echo, port, listener)),',
    replacement: '',
    watchers: [seenBy(plainHop, 'on tutorial'), ...wider],
  },
  {
    ...inTutorial,
    id: 'tutorial-no-loop-guard',
    breaks: 'The rules catch what the second node itself dials.',
    text: '--protocol tcp ! --source 127.0.0.4 --dport',
    replacement: '--protocol tcp --dport',
    watchers: onTutorial,
  },
  {
    ...inTutorial,
    id: 'tutorial-wrong-source',
    breaks: 'The rules into the first node are for another client.',
    text: '--source 127.0.0.2`',
    replacement: '--source 127.0.0.9`',
    watchers: onTutorial,
  },
  {
    ...inTutorial,
    id: 'tutorial-both-rules-into-kong-b',
    breaks: 'The client is led to the second node at once.',
    text: '--jump TPROXY --on-port=${listener} --on-ip=127.0.0.3`',
    replacement: '--jump TPROXY --on-port=${listener} --on-ip=127.0.0.4`',
    watchers: onTutorial,
  },
  {
    ...inTutorial,
    id: 'tutorial-rules-stay',
    breaks: 'Taking the rules away leaves them there.',
    text: "'--flush', 'PREROUTING'",
    replacement: "'--list', 'PREROUTING'",
    watchers: [seenBy(meshed, 'on tutorial without rules, TCP'), ...wider],
  },
  {
    file: 'lab/topology/service-b.ts',
    id: 'tls-port-not-intercepted',
    breaks: 'The TLS port is left out of the interception.',
    text: '{ port: 19443, listener: 9443 },',
    replacement: '',
    watchers: [seenBy(meshed, 'with rules, TLS'), ...wider],
  },
  {
    file: 'lab/topology/service-b.ts',
    id: 'https-into-plain-listener',
    breaks: 'HTTPS is intercepted to the listener for plain HTTP.',
    text: '{ port: 18443, listener: 8443 },',
    replacement: '{ port: 18443, listener: 8000 },',
    watchers: [seenBy(meshed, 'with rules, HTTPS'), ...wider],
  },
  {
    ...inSidecars,
    id: 'sidecars-no-rules-into-kong-a',
    breaks: 'The first node has no rules.',
    text: "interception('kong-a', 'dn0', '10.2.0.0/24', 'fd00:2::/64'),",
    replacement: '',
    watchers: onSidecars,
  },
  {
    ...inSidecars,
    id: 'sidecars-no-rules-into-kong-b',
    breaks: 'The second node has no rules.',
    text: "interception('kong-b', 'up0', '10.2.0.0/24', 'fd00:2::/64'),",
    replacement: '',
    watchers: onSidecars,
  },
  {
    ...inSidecars,
    id: 'sidecars-wrong-interface',
    breaks: 'The rules of the second node look at the other of its interfaces.',
    text: "interception('kong-b', 'up0'",
    replacement: "interception('kong-b', 'dn0'",
    watchers: onSidecars,
  },
  {
    file: 'netns/firewall/transparent-proxy.ts',
    id: 'sidecars-no-mark',
    breaks: 'Intercepted packets are not marked, and so not routed to this machine.',
    text: '...(mark === undefined ? {} : { mark }) },',
    replacement: '},',
    watchers: onSidecars,
  },
  {
    file: 'netns/firewall/transparent-proxy.ts',
    id: 'sidecars-no-local-route',
    breaks: 'The route for intercepted packets goes into a table that nobody asks.',
    text: "      interface: 'lo',\n      table,",
    replacement: "      interface: 'lo',\n      table: 101,",
    watchers: onSidecars,
  },
  {
    file: 'netns/firewall/nft.ts',
    id: 'nft-ignores-interface',
    breaks: 'Rules hold for every interface, also for what comes from this side.',
    text: '...(match.inputInterface === undefined ? [] : [`iifname "${match.inputInterface}"`]),',
    replacement: '',
    watchers: onSidecars,
    explained:
      'What a node of this topology dials enters none of its interfaces, so that the destination alone tells.',
  },
  {
    file: 'netns/firewall/nft.ts',
    id: 'nft-passes-without-listener',
    breaks: 'A packet goes on its way when nobody listens.',
    text: "if (rule.action.kind === 'tproxy') lines.push(`    ${match} drop`)",
    replacement: '',
    watchers: [seenBy(failClosed, 'on sidecars with kong-a killed'), ...wider],
    explained:
      'Nothing is forwarded while rules are installed, which stops the same packets again.',
  },
  {
    file: 'lab/holder/interception.ts',
    id: 'forwarding-stays-on',
    breaks:
      'While rules are installed, packets that no rule catches are forwarded past the proxies.',
    text: "writeSysctls(namespace, forwarding('0'))",
    replacement: "writeSysctls(namespace, forwarding('1'))",
    watchers: [seenBy('kong/transparent-proxying/uncaught-ports'), ...wider],
  },
  {
    file: 'lab/holder/interception.ts',
    id: 'sidecar-rules-stay',
    breaks: 'Taking the rules away leaves those of sidecars on the path.',
    text: 'firewall.remove(namespace, plan.ruleSet.name)',
    replacement: '',
    watchers: [seenBy(meshed, 'on sidecars without rules, TCP'), ...wider],
  },
  {
    file: 'core/dataplane/socket-options.ts',
    id: 'listener-not-transparent',
    breaks: 'Listeners take connections to their own address alone.',
    text: 'call.set(fd, SOL_IP, IP_TRANSPARENT)',
    replacement: 'void IP_TRANSPARENT',
    watchers: onTutorial,
  },
  {
    file: 'core/dataplane/upstreams/dial.ts',
    id: 'source-address-ignored',
    breaks:
      'A node dials from whatever address the kernel chooses, not from the one it is told to.',
    text: '...(source === undefined || source.transparent ? {} : { localAddress: source.address }),',
    replacement: '',
    watchers: onTutorial,
  },
  {
    file: 'core/dataplane/upstreams/dial.ts',
    id: 'client-address-not-kept',
    breaks: 'A node that is to dial with the address of its client dials with its own.',
    text: 'source?.transparent === true ?',
    replacement: 'source?.transparent === null ?',
    watchers: [seenBy('kong-cases/client-address'), ...wider],
  },
  {
    file: 'lab/holder/readiness.ts',
    id: 'ready-before-it-listens',
    breaks: 'A process counts as ready before it listens.',
    text: 'return this.#applied && this.#listens()',
    replacement: 'return this.#applied',
    watchers: [seenBy(meshed, 'on tutorial'), ...wider],
  },
  {
    file: 'lab/holder/readiness.ts',
    id: 'ready-before-it-is-configured',
    breaks: 'A node counts as ready before it goes by its configuration.',
    text: 'return this.#applied && this.#listens()',
    replacement: 'return this.#listens()',
    watchers: [seenBy(meshed, 'on tutorial with rules'), ...wider],
    explained:
      'A node goes by the entities of its lab a few ms after they are stored, and no client acts so soon after that.',
  },
]
