// @ts-check
/**
 * The settings of one broker: KRaft, broker and controller in one process, on loopback. Whatever a real cluster
 * would do slowly for safety's sake (wait before a first rebalance) is done at once here; whatever it would do for
 * durability is left as it is.
 */
import { join } from 'node:path'

/**
 * @typedef {object} NodeAddress
 * @property {number} id from 1
 * @property {number} port for clients
 * @property {number} controllerPort
 */

/** A further way in, whose clients are told to come back to another port: for a proxy in between, or with TLS. */
/** @typedef {{ name: string, protocol: string, port: number, advertisedPort: number }} Listener */

const HOST = '127.0.0.1'

/**
 * @param {NodeAddress} node
 * @param {readonly NodeAddress[]} all
 * @param {string} dir folder of the node
 * @param {readonly Listener[]} listeners beside the plain one
 * @param {Readonly<Record<string, string>>} set settings that win over these
 * @returns {string} text of server.properties
 */
export function propertiesOf(node, all, dir, listeners, set) {
  const copies = String(Math.min(3, all.length))
  const inSync = String(Math.max(1, Math.min(2, all.length - 1)))
  const more = (/** @type {(listener: Listener) => string} */ text) =>
    listeners.map((one) => `,${text(one)}`).join('')
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': String(node.id),
    'controller.quorum.voters': all.map(({ id, controllerPort }) => `${id}@${HOST}:${controllerPort}`).join(),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': `PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${more(({ name, protocol }) => `${name}:${protocol}`)}`,
    listeners: `PLAINTEXT://${HOST}:${node.port},CONTROLLER://${HOST}:${node.controllerPort}${more(({ name, port }) => `${name}://${HOST}:${port}`)}`,
    'advertised.listeners': `PLAINTEXT://${HOST}:${node.port}${more(({ name, advertisedPort }) => `${name}://${HOST}:${advertisedPort}`)}`,
    'log.dirs': join(dir, 'data'),
    'auto.create.topics.enable': 'false',
    'default.replication.factor': copies,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': copies,
    'offsets.topic.num.partitions': '8',
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': '8',
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': inSync,
    'group.initial.rebalance.delay.ms': '0',
    'log.segment.delete.delay.ms': '1000',
    // A broker that was killed may come back after this time, not after 9 s.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    ...set,
  }
  return `${Object.entries(properties)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}`)
    .join('\n')}\n`
}
