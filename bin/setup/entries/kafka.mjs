// @ts-check
/** bin/kafka: `start`, `stop` and `status` of a cluster on loopback. Needs Java and, once, Maven; no package. */
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { interruptible, orSayWhy } from '../bring.mjs'
import {
  bootstrapOf,
  nodeDir,
  readCluster,
  removeCluster,
  startCluster,
  stopCluster,
} from '../kafka/cluster.mjs'
import { KAFKA_VERSION } from '../kafka/jars.mjs'
import { isNode, logOf } from '../kafka/node.mjs'
import { cacheFolder } from '../places.mjs'
import { step } from '../progress.mjs'
import { messageOf, trouble } from '../trouble.mjs'

const HELP = `kafka start [--nodes 1|3] [--port P] [--dir D] [--version V] [--set NAME=VALUE]... [--fresh]
kafka stop [--dir D]
kafka status [--dir D]

  --nodes    brokers (default 1)
  --port     port of the first, the others follow; 0: free ports (default 9092)
  --dir      where data, logs and process ids are (default: in the cache folder)
  --version  of Kafka (default ${KAFKA_VERSION})
  --set      a broker setting, such as log.retention.hours=1
  --fresh    without the data that is there`

const OPTIONS = /** @satisfies {import('node:util').ParseArgsConfig['options']} */ ({
  nodes: { type: 'string', default: '1' },
  port: { type: 'string', default: '9092' },
  dir: { type: 'string' },
  version: { type: 'string', default: KAFKA_VERSION },
  set: { type: 'string', multiple: true },
  fresh: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
})

/** @param {string[]} args */
export default async function kafka(args) {
  await orSayWhy(async () => {
    const { values, positionals } = parsed(args)
    const dir = resolve(values.dir ?? join(cacheFolder(), 'kafka', 'cluster'))
    const [command, ...more] = positionals
    if (values.help) process.stdout.write(`${HELP}\n`)
    else if (command === 'start' && more.length === 0) await interruptible(() => start(dir, values))
    else if (command === 'stop' && more.length === 0) await stop(dir)
    else if (command === 'status' && more.length === 0) status(dir)
    else throw trouble(`kafka ${positionals.join(' ')}: there is no such command\n${HELP}`, '', 2)
  })
}

/** @param {string[]} args */
function parsed(args) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw trouble(`${messageOf(error)}\n${HELP}`, '', 2)
  }
}

/**
 * @param {string} dir
 * @param {ReturnType<typeof parsed>['values']} values
 */
async function start(dir, values) {
  if (values.fresh) {
    await stopCluster(dir)
    removeCluster(dir)
  }
  const set = Object.fromEntries((values.set ?? []).map(settingOf))
  const wanted = {
    dir,
    nodes: whole('nodes', values.nodes),
    port: whole('port', values.port),
    version: values.version,
    set,
  }
  const cluster = await step(`Kafka in ${dir}`, () => startCluster(wanted))
  const brokers = bootstrapOf(cluster)
  process.stdout.write(
    `Kafka ${cluster.version} listens on ${brokers}\nTry: bin/forewarn up --kafka ${brokers}\n`,
  )
}

/** @param {string} dir */
async function stop(dir) {
  const count = await stopCluster(dir)
  process.stdout.write(
    count === 0 ? `no broker is running in ${dir}\n` : `${count} stopped; the data stays in ${dir}\n`,
  )
}

/** @param {string} dir */
function status(dir) {
  const cluster = readCluster(dir)
  if (cluster === null) {
    process.stdout.write(`there is no cluster in ${dir}\n`)
    process.exitCode = 1
    return
  }
  for (const { id, pid, port } of cluster.nodes) {
    const home = nodeDir(dir, id)
    const isUp = isNode(pid, home)
    if (!isUp) process.exitCode = 1
    process.stdout.write(
      `broker ${id}: ${isUp ? `process ${pid}` : 'not running'}, 127.0.0.1:${port}, Kafka ${cluster.version}, log ${logOf(home)}\n`,
    )
  }
}

/**
 * @param {string} name
 * @param {string} text
 */
function whole(name, text) {
  if (/^\d{1,5}$/.test(text)) return Number(text)
  throw trouble(`--${name} ${text} is wrong`, 'give a whole number', 2)
}

/**
 * @param {string} text
 * @returns {[string, string]}
 */
function settingOf(text) {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw trouble(`--set ${text} is wrong`, 'write NAME=VALUE', 2)
}
