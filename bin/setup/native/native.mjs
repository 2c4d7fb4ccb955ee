// @ts-check
/**
 * Brings native TensorFlow into the tfjs-node that the program will load. In this order: what is proved to load, what
 * loads already, the cache, the official download, the wheel; if none of them works the program computes on
 * WebAssembly, and everybody is told. FOREWARN_NATIVE narrows it to one way, and asks again what failed before.
 */
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bringSinglePackage, singlePackagePrefix } from '../packages.mjs'
import { isWritable, packageFolder, removeLeftovers, TFJS_NODE } from '../places.mjs'
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
/** Folders being filled; what an interrupted set-up left of them goes away at the next. */
const STAGED = '.staged-'
const CHOICES = ['auto', ...WAYS.map((way) => way.name), 'wasm']

/** @param {NodeJS.ProcessEnv} env */
export function choiceOf(env) {
  const choice = env.FOREWARN_NATIVE || 'auto'
  if (CHOICES.includes(choice)) return choice
  throw trouble(`FOREWARN_NATIVE is ${choice}`, `set it to one of ${CHOICES.join(', ')}, or not at all`, 2)
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
  const isHopeless = WAYS.every(({ name }) => failures.some(({ way }) => way === name || way === 'package'))
  return isHopeless ? wasmStatus(reasonOf(failures), failures) : null
}

/**
 * Brings the library, by the first way that works.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} cache
 * @param {{ ways: readonly Way[], findFolder: (cache: string) => Promise<string> }} parts others for a test
 * @returns {Promise<Status>}
 */
export async function bringNative(
  env,
  cache,
  { ways, findFolder } = { ways: WAYS, findFolder: tfjsNodeFolder },
) {
  const choice = choiceOf(env)
  const now = circumstances(env)
  const failures = env.FOREWARN_NATIVE ? [] : rememberedFailures(cache, now, Date.now())
  const giveUp = (/** @type {Failed} */ failed) => {
    failures.push({ ...failed, atMs: Date.now(), circumstances: now })
    rememberFailures(cache, failures)
  }
  const tfjsNode = await findFolder(cache).catch((error) => giveUp(failureOf('package', error)))
  if (tfjsNode === undefined) return wasmStatus(reasonOf(failures), failures)
  const present = choice === 'auto' && (await proveIfThere(tfjsNode))
  if (present) return nativeStatus(present, tfjsNode)
  await removeLeftovers(join(cache, 'native'), STAGED)
  const stored = ways.map(({ name }) => name).filter((name) => existsSync(storeFolder(cache, name)))
  for (const way of planOf(ways, choice, stored, failures)) {
    const result = await tryWay(way, tfjsNode, cache)
    if ('version' in result) return nativeStatus(result, tfjsNode)
    giveUp(result)
  }
  return wasmStatus(reasonOf(failures), failures)
}

/**
 * The ways to try: first those that the cache holds, then the others, without those that failed lately.
 * @template {{ name: string }} T
 * @param {readonly T[]} ways in their order
 * @param {string} choice
 * @param {readonly string[]} stored names of the ways that the cache holds
 * @param {readonly { way: string }[]} failures
 * @returns {T[]}
 */
export function planOf(ways, choice, stored, failures) {
  const wished = ways.filter(({ name }) => isWished(choice, name))
  const fromCache = wished.filter(({ name }) => stored.includes(name))
  const others = wished.filter(({ name }) => !stored.includes(name))
  return [...fromCache, ...others.filter(({ name }) => !failures.some(({ way }) => way === name))]
}

/** @param {string} tfjsNode */
async function proveIfThere(tfjsNode) {
  if (!existsSync(join(tfjsNode, BINDING))) return null
  const proof = await prove(tfjsNode, 'present')
  return 'stamp' in proof ? proof.stamp : null
}

/**
 * From the cache where it holds this way, else by the way itself, and into the cache.
 * @param {Way} way
 * @param {string} tfjsNode
 * @param {string} cache
 * @returns {Promise<import('./load.mjs').Stamp | Failed>}
 */
async function tryWay(way, tfjsNode, cache) {
  const store = storeFolder(cache, way.name)
  const staged = join(cache, 'native', `${STAGED}${process.pid}`)
  try {
    let files = await storedFiles(store)
    if (files === null) {
      await mkdir(staged, { recursive: true })
      await way.fill(tfjsNode, staged)
      files = await keep(staged, store)
    }
    await place(Object.keys(files), store, tfjsNode)
    const proof = await prove(tfjsNode, way.name)
    if ('stamp' in proof) return proof.stamp
    await rm(store, { recursive: true, force: true })
    return { way: way.name, reason: proof.reason, todo: '' }
  } catch (error) {
    return failureOf(way.name, error)
  } finally {
    await rm(staged, { recursive: true, force: true })
  }
}

/**
 * @param {string} way
 * @param {unknown} error
 * @returns {Failed}
 */
function failureOf(way, error) {
  return { way, reason: messageOf(error), todo: isTrouble(error) ? error.todo : '' }
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

/**
 * Where the library may be in place. The cache's own tfjs-node counts only where the project's can't be used: else the
 * project's stays empty, and what is started without the set-up (vitest by hand) finds nothing.
 * @param {string} cache
 */
function foldersOf(cache) {
  const own = packageFolder(TFJS_NODE.name)
  if (own !== null && isWritable(own)) return [own]
  const cached = join(
    singlePackagePrefix(cache, TFJS_NODE.name, TFJS_NODE.version),
    'node_modules',
    TFJS_NODE.name,
  )
  return own === null ? [cached] : [own, cached]
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
