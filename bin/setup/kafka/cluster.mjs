// @ts-check
/**
 * A cluster of one or three brokers in a folder: kafka.json says what runs there, so that `stop` and `status` need
 * nothing else. Starting it again starts what is not running, on the same ports and data.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { readJson } from '../packages.mjs'
import { trouble } from '../trouble.mjs'
import { bringJars, KAFKA_VERSION } from './jars.mjs'
import { endNode, formatNode, isNode, JAVA_OPTIONS, spawnNode, untilUp } from './node.mjs'
import { propertiesOf } from './properties.mjs'

/**
 * @typedef {import('./properties.mjs').NodeAddress} NodeAddress
 * @typedef {import('./properties.mjs').Listener} Listener
 * @typedef {NodeAddress & { pid: number }} ClusterNode
 * @typedef {{ version: string, clusterId: string, nodes: ClusterNode[] }} Cluster
 */

/**
 * @typedef {object} Wanted
 * @property {string} dir
 * @property {number} [nodes] 1 or 3
 * @property {number} [port] of the first node, the next ones follow; 0: free ones
 * @property {string} [version] of Kafka
 * @property {readonly string[]} [javaOptions]
 * @property {Readonly<Record<string, string>>} [set] broker settings
 * @property {readonly Listener[]} [listeners] further ways in (of a single node)
 * @property {readonly string[]} [users] SCRAM users
 */

/** Controllers listen this far above their broker's port. */
const CONTROLLER_ABOVE = 1000

/**
 * @param {Wanted} wanted
 * @returns {Promise<Cluster>} running
 */
export async function startCluster(wanted) {
  const {
    dir,
    version = KAFKA_VERSION,
    javaOptions = JAVA_OPTIONS,
    set = {},
    listeners = [],
    users = [],
  } = wanted
  const known = readCluster(dir)
  const cluster = known ?? {
    version,
    clusterId: randomBytes(16).toString('base64url'),
    nodes: await addressesOf(wanted.nodes ?? 1, wanted.port ?? 9092),
  }
  const classPath = await bringJars(cluster.version)
  mkdirSync(dir, { recursive: true })
  const waiting = []
  for (const node of cluster.nodes) {
    const home = nodeDir(dir, node.id)
    if (isNode(node.pid, home)) continue
    const properties = propertiesOf(node, cluster.nodes, home, listeners, set)
    await formatNode({ dir: home, classPath, clusterId: cluster.clusterId, properties, users })
    node.pid = spawnNode(home, classPath, javaOptions)
    waiting.push(node)
    writeFileSync(fileOf(dir), `${JSON.stringify(cluster, null, 2)}\n`)
  }
  try {
    await Promise.all(waiting.map((node) => untilUp(nodeDir(dir, node.id), node.pid, node.port)))
  } catch (error) {
    if (known === null) await stopCluster(dir)
    throw error
  }
  return cluster
}

/**
 * @param {string} dir
 * @returns {Promise<number>} how many brokers were running
 */
export async function stopCluster(dir) {
  const running = (readCluster(dir)?.nodes ?? []).filter(({ id, pid }) => isNode(pid, nodeDir(dir, id)))
  await Promise.all(running.map(({ id, pid }) => endNode(pid, nodeDir(dir, id))))
  return running.length
}

/** Forgets everything of a cluster that does not run. @param {string} dir */
export function removeCluster(dir) {
  for (const { id } of readCluster(dir)?.nodes ?? [])
    rmSync(nodeDir(dir, id), { recursive: true, force: true })
  rmSync(fileOf(dir), { force: true })
}

/**
 * @param {string} dir
 * @returns {Cluster | null}
 */
export function readCluster(dir) {
  return readJson(fileOf(dir))
}

/**
 * @param {string} dir
 * @param {number} id
 */
export function nodeDir(dir, id) {
  return join(dir, `node-${id}`)
}

/** What clients connect to. @param {Cluster} cluster */
export function bootstrapOf({ nodes }) {
  return nodes.map(({ port }) => `127.0.0.1:${port}`).join()
}

/** @param {string} dir */
function fileOf(dir) {
  return join(dir, 'kafka.json')
}

/**
 * @param {number} count
 * @param {number} port
 * @returns {Promise<ClusterNode[]>}
 */
async function addressesOf(count, port) {
  if (count !== 1 && count !== 3) {
    throw trouble(`${count} brokers: there can be 1 or 3`, 'say --nodes 1 or --nodes 3', 2)
  }
  const ports = port === 0 ? await freePorts(2 * count) : []
  return Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    port: ports[2 * i] ?? port + i,
    controllerPort: ports[2 * i + 1] ?? port + CONTROLLER_ABOVE + i,
    pid: 0,
  }))
}

/**
 * Held together until all are known, so that they differ.
 * @param {number} count
 * @returns {Promise<number[]>}
 */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise((resolve, reject) => {
          server.on('error', reject)
          server.listen(0, '127.0.0.1', () =>
            resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port),
          )
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
