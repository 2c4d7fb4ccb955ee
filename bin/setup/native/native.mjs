// @ts-check
/**
 * Brings native TensorFlow into the tfjs-node that the program will load. In this order: what is proved to load, what
 * loads already, the cache, the official download, the wheel; if none of them works the program computes on
 * WebAssembly, and everybody is told. FOREWARN_NATIVE narrows it to one way, and asks again what failed before.
 */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bringSinglePackage } from '../packages.mjs'
import { isWritable, packageFolder, TFJS_NODE } from '../places.mjs'
import { say } from '../progress.mjs'
import { isTrouble, messageOf, trouble } from '../trouble.mjs'
import { BINDING, prove, provedBefore } from './load.mjs'
import { circumstances, rememberedFailures, rememberFailures } from './memory.mjs'
import { fromOfficial } from './official.mjs'
import { keep, place, storedFiles, storeFolder } from './store.mjs'
import { fromWheel } from './wheel.mjs'

/** @typedef {import('./memory.mjs').Failed} Failed */
/** @typedef {{ way: string, version: string | null, reason: string | null, failures: readonly Failed[], folder: string | null }} Status */
/** @typedef {{ name: string, fill: (tfjsNode: string, staged: string) => Promise<void> }} Way */

/** @type {readonly Way[]} */
const WAYS = [
  { name: 'official', fill: fromOfficial },
  { name: 'wheel', fill: fromWheel },
]
const CHOICES = ['auto', ...WAYS.map((way) => way.name), 'wasm']

/** @param {NodeJS.ProcessEnv} env */
export function choiceOf(env) {
  const choice = env.FOREWARN_NATIVE || 'auto'
  if (CHOICES.includes(choice)) return choice
  throw trouble(`FOREWARN_NATIVE is ${choice}`, `set it to one of ${CHOICES.join(', ')}, or not at all`)
}

/**
 * What needs no work: the library is in place, or WebAssembly is wished, or every way failed lately. Only looks.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} cache
 * @returns {Status | null} null when there is something to do
 */
export function nativeAsItStands(env, cache) {
  const choice = choiceOf(env)
  if (choice === 'wasm') return wasmStatus('FOREWARN_NATIVE=wasm asks for WebAssembly', [])
  for (const folder of foldersOf(cache)) {
    const stamp = provedBefore(folder)
    if (stamp !== null && isWished(choice, stamp.way)) return nativeStatus(stamp, folder)
  }
  if (env.FOREWARN_NATIVE) return null
  const failures = rememberedFailures(cache, circumstances(env), Date.now())
  return failures.length === WAYS.length ? wasmStatus(reasonOf(failures), failures) : null
}

/**
 * Brings the library, by the first way that works.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} cache
 * @returns {Promise<Status>}
 */
export async function bringNative(env, cache) {
  const choice = choiceOf(env)
  const now = circumstances(env)
  const failures = env.FOREWARN_NATIVE ? [] : rememberedFailures(cache, now, Date.now())
  const tfjsNode = await tfjsNodeFolder(cache)
  if (choice === 'auto' && existsSync(join(tfjsNode, BINDING))) {
    const proof = await prove(tfjsNode, 'present')
    if ('stamp' in proof) return nativeStatus(proof.stamp, tfjsNode)
  }
  for (const way of WAYS.filter(({ name }) => isWished(choice, name))) {
    if (failures.some((failed) => failed.way === way.name) && !existsSync(storeFolder(cache, way.name)))
      continue
    const result = await tryWay(way, tfjsNode, cache)
    if ('stamp' in result) return nativeStatus(result.stamp, tfjsNode)
    failures.push({ ...result, atMs: Date.now(), circumstances: now })
    rememberFailures(cache, failures)
  }
  return wasmStatus(reasonOf(failures), failures)
}

/**
 * From the cache where it holds this way, else by the way itself, and into the cache.
 * @param {Way} way
 * @param {string} tfjsNode
 * @param {string} cache
 */
async function tryWay(way, tfjsNode, cache) {
  const store = storeFolder(cache, way.name)
  const staged = join(cache, 'native', `.staged-${randomUUID()}`)
  try {
    let files = await storedFiles(store)
    if (files === null) {
      await mkdir(staged, { recursive: true })
      await way.fill(tfjsNode, staged)
      files = await keep(staged, store)
    }
    await place(Object.keys(files), store, tfjsNode)
    const proof = await prove(tfjsNode, way.name)
    if ('stamp' in proof) return proof
    await rm(store, { recursive: true, force: true })
    return { way: way.name, reason: proof.reason, todo: '' }
  } catch (error) {
    if (!isTrouble(error)) say(`native TensorFlow, ${way.name}: ${messageOf(error)}`)
    return { way: way.name, reason: messageOf(error), todo: isTrouble(error) ? error.todo : '' }
  } finally {
    await rm(staged, { recursive: true, force: true })
  }
}

/**
 * The project's own tfjs-node if it is there and can be written; else one in the cache.
 * @param {string} cache
 */
async function tfjsNodeFolder(cache) {
  const own = packageFolder(TFJS_NODE.name)
  if (own !== null && isWritable(own)) return own
  return bringSinglePackage(cache, TFJS_NODE.name, TFJS_NODE.version)
}

/** @param {string} cache */
function foldersOf(cache) {
  const own = packageFolder(TFJS_NODE.name)
  const cached = join(cache, 'packages', `${TFJS_NODE.name.replaceAll('/', '+')}-${TFJS_NODE.version}`)
  return own === null
    ? [join(cached, 'node_modules', TFJS_NODE.name)]
    : [own, join(cached, 'node_modules', TFJS_NODE.name)]
}

/**
 * @param {string} choice
 * @param {string} way
 */
function isWished(choice, way) {
  return choice === 'auto' || choice === way
}

/**
 * @param {import('./load.mjs').Stamp} stamp
 * @param {string} folder
 * @returns {Status}
 */
function nativeStatus({ way, version }, folder) {
  return { way, version, reason: null, failures: [], folder }
}

/**
 * @param {string} reason
 * @param {readonly Failed[]} failures
 * @returns {Status}
 */
function wasmStatus(reason, failures) {
  return { way: 'wasm', version: null, reason, failures, folder: null }
}

/** @param {readonly Failed[]} failures */
function reasonOf(failures) {
  return `native TensorFlow could not be had: ${failures.map(({ way, reason }) => `${way}: ${reason}`).join('; ')}`
}
