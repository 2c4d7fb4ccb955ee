// @ts-check
/**
 * One broker as a process: formatted once, started in the background, known to be up when it says so and takes
 * connections, ended by its process id.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { endOf, onPath, run } from '../run.mjs'
import { trouble } from '../trouble.mjs'

const START_LIMIT_MS = 90_000
const FORMAT_LIMIT_MS = 60_000
/** A broker that is told to end writes its logs and hands its work over first. */
const STOP_LIMIT_MS = 30_000
const POLL_MS = 50

/** For a broker that shares a small machine with what it serves. */
export const JAVA_OPTIONS = ['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

/** Warnings, and what a broker says of its start. */
const LOGGING = {
  defaultLogLevel: 'warn',
  showDateTime: 'true',
  dateTimeFormat: "yyyy-MM-dd'T'HH:mm:ss.SSS",
  'log.kafka.server.KafkaRaftServer': 'info',
}

const STARTED = 'Kafka Server started'

/** @returns {string} path of java */
export function findJava() {
  const java = onPath('java')
  if (java !== null) return java
  throw trouble(
    'Kafka needs Java, and there is no java on the PATH',
    'install it (Debian: apt-get install default-jre-headless), then start again',
  )
}

/**
 * Makes the data folder of a node, once.
 * @param {{ dir: string, classPath: string, clusterId: string, properties: string, users: readonly string[] }} node
 *   `users`: SCRAM users, as `kafka-storage format --add-scram` takes them
 */
export async function formatNode({ dir, classPath, clusterId, properties, users }) {
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'server.properties'), properties)
  if (existsSync(join(dir, 'data', 'meta.properties'))) return
  // As one word: an id may begin with a dash.
  const args = ['format', `--cluster-id=${clusterId}`, '-c', join(dir, 'server.properties')]
  const scram = users.flatMap((user) => ['--add-scram', user])
  const outcome = await run(
    findJava(),
    [...javaArgs(classPath, JAVA_OPTIONS), 'kafka.tools.StorageTool', ...args, ...scram],
    { limitMs: FORMAT_LIMIT_MS },
  )
  if (!outcome.ok) {
    throw trouble(
      `Kafka could not make its folder ${dir}:\n${endOf(outcome.output)}`,
      'remove the folder or name another (--dir), then start again',
    )
  }
}

/**
 * Starts a formatted node in a process of its own, which outlives this one.
 * @param {string} dir
 * @param {string} classPath
 * @param {readonly string[]} javaOptions
 * @returns {number} its process id
 */
export function spawnNode(dir, classPath, javaOptions) {
  const log = openSync(logOf(dir), 'w')
  const args = [...javaArgs(classPath, javaOptions), 'kafka.Kafka', join(dir, 'server.properties')]
  const child = spawn(findJava(), args, { cwd: dir, detached: true, stdio: ['ignore', log, log] })
  child.unref()
  if (child.pid === undefined) throw new Error(`java could not be started in ${dir}`)
  return child.pid
}

/**
 * @param {string} dir
 * @param {number} pid
 * @param {number} port
 */
export async function untilUp(dir, pid, port) {
  const deadline = performance.now() + START_LIMIT_MS
  while (!(readFileSync(logOf(dir), 'utf8').includes(STARTED) && (await takesConnections(port)))) {
    const isGone = !isNode(pid, dir)
    if (isGone || performance.now() > deadline) {
      throw trouble(
        `the broker in ${dir} ${isGone ? 'ended' : `was not up within ${START_LIMIT_MS / 1000} s`}:\n${endOf(readFileSync(logOf(dir), 'utf8'))}`,
        `see ${logOf(dir)}; another program may hold its port ${port} (--port names another)`,
      )
    }
    await wait(POLL_MS)
  }
}

/**
 * Ends a node: in order, by force when it takes too long.
 * @param {number} pid
 * @param {string} dir
 */
export async function endNode(pid, dir) {
  if (!isNode(pid, dir)) return
  process.kill(pid, 'SIGTERM')
  const deadline = performance.now() + STOP_LIMIT_MS
  while (isNode(pid, dir)) {
    if (performance.now() > deadline) process.kill(pid, 'SIGKILL')
    await wait(POLL_MS)
  }
}

/**
 * Does this process run this node? A process id alone may have been given to another program since.
 * @param {number} pid
 * @param {string} dir
 */
export function isNode(pid, dir) {
  // 0 stands for a node that was never started; signals to it would go to ourselves.
  if (pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH') return false
    throw error
  }
  const { status, stdout } = spawnSync('ps', ['-o', 'stat=,args=', '-ww', '-p', String(pid)], {
    encoding: 'utf8',
  })
  // Without ps the process id must do; a zombie (its parent has not asked for its end yet) has ended.
  return status === null || (!stdout.startsWith('Z') && stdout.includes(join(dir, 'server.properties')))
}

/** @param {string} dir */
export function logOf(dir) {
  return join(dir, 'broker.log')
}

/**
 * @param {string} classPath
 * @param {readonly string[]} options
 */
function javaArgs(classPath, options) {
  const logging = Object.entries(LOGGING).map(([name, value]) => `-Dorg.slf4j.simpleLogger.${name}=${value}`)
  return [...options, ...logging, '-cp', classPath]
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function takesConnections(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
